import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createFakeClock, createTempFolder, startTestBus, type TestBus } from '../support/bus.ts'
import { startTestPostgres } from '../support/postgres-database.ts'
import { runMain } from '../support/process.ts'
import { refusalOf } from '../support/refusal.ts'

const postgres = startTestPostgres()

/** Messages, acknowledgements, lanes in every state, and answers kept for a retry. */
async function fill({ client }: TestBus): Promise<void> {
  for (let index = 1; index <= 600; index += 1) {
    const topic = `topic-${index % 7}`
    await client.messages.post({
      topic,
      sender: 'ann',
      body: `message ${index}: é 🚌 "quoted" ?`,
      action_flag: index % 50 === 0,
    })
  }
  await client.messages.ack({ id: 50, sender: 'bob' })
  for (const lane of ['b', 'A', 'a', '_', 'z.9']) await client.lanes.claim({ lane, owner: 'ann', note: 'step 1' })
  await client.lanes.release({ lane: 'a', owner: 'ann' })
  await client.lanes.claim({ lane: 'a', owner: 'bob', session: 'night' })
  await client.lanes.heartbeat({ lane: 'b', owner: 'ann', lease_s: 5_000 })
  for (const owner of ['é🚌', 'Cid', 'cid', 'cid']) await refusalOf(client.lanes.claim({ lane: 'b', owner }))
  // They are counted a moment later.
  while ((await client.lanes.history({ lane: 'b' })).refusals.length < 3) await sleep(20)
}

async function move(args: readonly string[]) {
  const { exitCode, stdout, stderr } = await runMain(args)
  expect({ args, exitCode, stderr }).toMatchObject({ exitCode: 0 })
  return stdout + stderr
}

/** A file that was filled by a bus, and its export. */
async function exportFilled() {
  const folder = createTempFolder()
  const file = join(folder, 'bus.db')
  const bus = await startTestBus({ databasePlace: file })
  await fill(bus)
  await bus.close()
  const path = join(folder, 'first.jsonl')
  expect(await move(['export', path, '--database-url', `sqlite:${file}`])).toMatch(/\d+ rows/)
  return { folder, file, path }
}

describe('bus-mcp export and import', () => {
  it('carry everything from a file to PostgreSQL and back, byte for byte', async () => {
    const { folder, path } = await exportFilled()
    const url = await postgres().createDatabase()
    await move(['import', path, '--database-url', url])
    const second = join(folder, 'second.jsonl')
    await move(['export', '--database-url', url, second])
    expect(readFileSync(second, 'utf8')).toBe(readFileSync(path, 'utf8'))
    const back = `sqlite:${join(folder, 'back.db')}`
    await move(['import', second, '--database-url', back])
    expect(await move(['export', '--database-url', back])).toContain(readFileSync(path, 'utf8'))
  })

  it('let a bus go on where the other ended: ids, fences, histories, keys, words and epoch', async () => {
    const { file, path } = await exportFilled()
    const url = await postgres().createDatabase()
    await move(['import', path, '--database-url', url])
    const before = await startTestBus({ databasePlace: file })
    const after = await startTestBus({ databasePlace: url })
    for (const { client } of [before, after]) {
      expect(await client.messages.post({ topic: 't', sender: 'ann', body: 'next' })).toMatchObject({ id: 601 })
      expect(await client.messages.read({ search: '"message 77"' })).toMatchObject({ messages: [{ id: 77 }] })
      expect(await client.lanes.verify({ lane: 'a', fence: 2 })).toMatchObject({ valid: true })
      expect((await client.lanes.list({})).lanes.map(({ name }) => name)).toEqual(['A', '_', 'a', 'b', 'z.9'])
    }
    for (const lane of ['a', 'b']) {
      const [one, two] = await Promise.all([before, after].map(({ client }) => client.lanes.history({ lane })))
      expect(two).toEqual(one)
    }
    const { refusals } = await after.client.lanes.history({ lane: 'b' })
    expect(refusals.map(({ owner, count }) => `${owner} ${count}`).sort()).toEqual(['Cid 1', 'cid 2', 'é🚌 1'])
    const epochs = [before, after].map(async ({ client }) => (await client.messages.read({})).epoch)
    expect(new Set(await Promise.all(epochs)).size).toBe(1)
  })

  it('let time go on where it was, also when the clock there was ahead of the one here', async () => {
    const folder = createTempFolder()
    const place = join(folder, 'ahead.db')
    const ahead = createFakeClock(Date.now() + 3_600_000)
    const bus = await startTestBus({ databasePlace: place, createClock: () => ahead.now })
    await bus.client.lanes.claim({ lane: 'a', owner: 'ann' })
    const { ts } = await bus.client.messages.post({ topic: 't', sender: 'ann', body: 'from the future' })
    await bus.close()
    const path = join(folder, 'ahead.jsonl')
    await move(['export', path, '--database-url', `sqlite:${place}`])
    const other = join(folder, 'here.db')
    for (const url of [`sqlite:${other}`, await postgres().createDatabase()]) {
      await move(['import', path, '--database-url', url])
      const { client } = await startTestBus({ databasePlace: url.replace('sqlite:', '') })
      const next = await client.messages.post({ topic: 't', sender: 'ann', body: 'next' })
      expect(Date.parse(next.ts)).toBeGreaterThanOrEqual(Date.parse(ts))
      await client.lanes.heartbeat({ lane: 'a', owner: 'ann' })
      await move(['check', '--database-url', url])
    }
  })

  it('refuse a database that has something in it, and what is no whole export, and change nothing', async () => {
    const { folder, file, path } = await exportFilled()
    const full = await runMain(['import', path, '--database-url', `sqlite:${file}`])
    expect(full).toMatchObject({
      exitCode: 69,
      stderr: expect.stringContaining('there is something in the database already'),
    })
    const lines = readFileSync(path, 'utf8').split('\n')
    for (const [name, text, why] of [
      ['cut', lines.slice(0, 300).join('\n'), 'it ends too early'],
      ['torn', `${lines.slice(0, 300).join('\n')}\n["mess`, 'a line of it is not JSON'],
      ['longer', `${lines.join('\n')}["messages"]`, 'something follows its last line'],
      ['other', lines.join('\n').replace('lanes/001-lanes', 'lanes/001-newer'), 'another version of bus-mcp wrote it'],
      ['none', 'hello', 'a line of it is not JSON'],
      ['stray', lines.join('\n').replace('["messages",1,', '["strays",1,'), 'is of no table'],
    ] as const) {
      const wrong = join(folder, `${name}.jsonl`)
      writeFileSync(wrong, text)
      const url = `sqlite:${join(folder, 'new.db')}`
      const refused = await runMain(['import', wrong, '--database-url', url])
      expect({ name, ...refused }).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(why) })
    }
    const empty = await runMain(['export', '--database-url', `sqlite:${join(folder, 'new.db')}`])
    expect(empty.stderr).toBe('bus-mcp export: 2 rows\n')
  })

  it('refuse a file that a bus is using, a file that is there, and one that is not', async () => {
    const { file, path } = await exportFilled()
    const used = await startTestBus({ databasePlace: file })
    expect((await runMain(['export', '--database-url', `sqlite:${file}`])).stderr).toContain('another bus')
    await used.close()
    const over = await runMain(['export', path, '--database-url', `sqlite:${file}`])
    expect(over).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('there is such a file already') })
    const none = await runMain(['import', `${path}.gone`, '--database-url', `sqlite:${file}`])
    expect(none).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('no such file') })
    expect(await runMain(['import'])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('name the file') })
  })
})

describe('bus-mcp migrate', () => {
  it('makes the tables, and says that they are up to date', async () => {
    const url = await postgres().createDatabase()
    for (const round of [1, 2])
      expect(await move(['migrate', '--database-url', url]), `${round}`).toContain('up to date')
    const { client } = await startTestBus({ databasePlace: url })
    expect((await client.status.get({}))._meta.message_count).toBe(0)
  })
})
