import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createBusClient } from '../../src/client/index.ts'
import { loadDriver } from '../../src/store/sqlite/driver.ts'
import { createTempFolder, startTestBus, type TestBus } from '../support/bus.ts'
import { startTestPostgres } from '../support/postgres-database.ts'
import { cleanEnvironment, MAIN, runMain, startBusProcess } from '../support/process.ts'

const postgres = startTestPostgres()

const isWindows = process.platform === 'win32'

const backUp = (file: string, target: string) => runMain(['backup', target, '--database-url', `sqlite:${file}`])

async function post({ client }: Pick<TestBus, 'client'>, count: number): Promise<void> {
  for (let index = 1; index <= count; index += 1) {
    await client.messages.post({ topic: 't', sender: 'ann', body: `step ${index}` })
  }
}

/** A bus on a file of its own, with some of everything. */
async function startFilled() {
  const folder = createTempFolder()
  const file = join(folder, 'bus.db')
  const bus = await startTestBus({ databasePlace: file })
  await post(bus, 20)
  await bus.client.lanes.claim({ lane: 'feeds', owner: 'ann' })
  const kept = join(folder, 'kept')
  mkdirSync(kept)
  return { bus, file, kept, target: join(kept, 'copy.db') }
}

describe('bus-mcp backup', () => {
  it('copies what a bus has while it serves it, into one file for its owner alone, and says what is in it', async () => {
    const { bus, file, kept, target } = await startFilled()
    const { exitCode, stdout, stderr } = await backUp(file, target)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const { size, mode } = statSync(target)
    expect(stdout).toMatch(
      new RegExp(`copy\\.db: 42 messages, lanes and events, ${size} bytes; \\d+ looks, all is well\n$`),
    )
    expect(readdirSync(kept)).toEqual(['copy.db'])
    if (!isWindows) expect((mode & 0o777).toString(8)).toBe('600')
    await post(bus, 1)
    expect(await runMain(['check', '--database-url', `sqlite:${target}`])).toMatchObject({ exitCode: 0 })
    expect(readdirSync(kept)).toEqual(['copy.db'])
  })

  it('is of one moment, with everything that was acknowledged before, while many write', async () => {
    const folder = createTempFolder()
    const file = join(folder, 'bus.db')
    const bus = await startBusProcess(['--port', '0', '--database-url', `sqlite:${file}`])
    const client = createBusClient({ baseUrl: bus.apiUrl })
    let isOver = false
    let acknowledged = 0
    const work = async (owner: string) => {
      while (!isOver) {
        const { id } = await client.messages.post({
          topic: owner,
          sender: owner,
          body: 'x'.repeat(200),
          action_flag: true,
        })
        acknowledged = Math.max(acknowledged, id)
        await client.messages.ack({ id, sender: owner })
        await client.lanes.claim({ lane: owner, owner })
        await client.lanes.release({ lane: owner, owner })
      }
    }
    const working = Promise.all(['ann', 'bob', 'cid', 'dan'].map(work))
    for (let round = 1; round <= 4; round += 1) {
      await sleep(100)
      const before = acknowledged
      const target = join(folder, `copy-${round}.db`)
      expect(await backUp(file, target)).toMatchObject({ exitCode: 0, stderr: '' })
      expect(await selectOne(target, 'select max(id) as value from messages')).toBeGreaterThanOrEqual(before)
      expect(before).toBeGreaterThan(0)
    }
    isOver = true
    await working
  })

  it('never takes the place of a file, and says what to do', async () => {
    const { file, kept, target } = await startFilled()
    writeFileSync(target, 'mine')
    const { exitCode, stderr } = await backUp(file, target)
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: `bus-mcp: there is a file ${target} already -- name a new one, or move that one away\n`,
    })
    expect(readFileSync(target, 'utf8')).toBe('mine')
    expect(readdirSync(kept)).toEqual(['copy.db'])
  })

  it('keeps no copy of a database that does not pass the check', async () => {
    const { bus, file, kept, target } = await startFilled()
    await bus.close()
    await execute(file, 'delete from messages where id = 7')
    const { exitCode, stdout, stderr } = await backUp(file, target)
    expect({ exitCode, stdout }).toEqual({ exitCode: 65, stdout: '' })
    expect(stderr).toMatch(
      /^bus-mcp: the copy does not pass log\.message-ids \(id 8 previous 6\), so it was not kept -- run bus-mcp check/,
    )
    expect(readdirSync(kept)).toEqual([])
  })

  it('copies what an older version made, as one does before an update, and says that it could not look at all of it', async () => {
    const { bus, file, target } = await startFilled()
    await bus.close()
    await execute(file, "delete from bus_migrations where id = 'lanes/005-refusals'")
    expect(await backUp(file, target)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('of an older bus-mcp'),
    })
    expect(await selectOne(target, 'select count(*) as value from messages')).toBe(20)
  })

  it('refuses PostgreSQL, a missing database, a missing folder, no name and two names, each with what to do', async () => {
    const { file, target } = await startFilled()
    const url = await postgres().createDatabase()
    expect(await runMain(['backup', target, '--database-url', url])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/pg_dump.*bus-mcp export/),
    })
    expect(await backUp(`${file}.none`, target)).toMatchObject({
      exitCode: 69,
      stderr: expect.stringContaining('there is no database'),
    })
    expect(await backUp(file, join(target, 'inside', 'copy.db'))).toMatchObject({
      exitCode: 69,
      stderr: expect.stringContaining('there is no such folder -- nothing of it was left'),
    })
    expect(await runMain(['backup'])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('name the file') })
    expect(await runMain(['backup', target, target])).toMatchObject({ exitCode: 2 })
    expect(existsSync(target)).toBe(false)
  })

  it.skipIf(isWindows || process.getuid?.() === 0)('says so where it may not write', async () => {
    const { file, kept, target } = await startFilled()
    chmodSync(kept, 0o500)
    expect(await backUp(file, target)).toMatchObject({ exitCode: 69, stderr: expect.stringContaining('no permission') })
  })

  // A limit on the size of files stands for a full disk: SQLite is refused by the same call of the system.
  it.skipIf(isWindows)('leaves nothing when the disk takes no more, and says so', async () => {
    const { file, kept, target } = await startFilled()
    const child = spawn(
      'sh',
      [
        '-c',
        'trap "" XFSZ; ulimit -f 64; exec "$@"',
        'sh',
        process.execPath,
        MAIN,
        'backup',
        target,
        '--database-url',
        `sqlite:${file}`,
      ],
      { env: cleanEnvironment() },
    )
    let stderr = ''
    child.stderr.on('data', (data) => {
      stderr += data
    })
    const [exitCode] = await once(child, 'close')
    expect({ exitCode, stderr }).toEqual({
      exitCode: 69,
      stderr: expect.stringMatching(/^bus-mcp: cannot write the backup .*: the disk .* -- nothing of it was left\n$/),
    })
    expect(readdirSync(kept)).toEqual([])
  })

  it('leaves no file of the name when it is killed, and what it leaves is told by its name and harms nobody', async () => {
    const { bus, file, kept, target } = await startFilled()
    // Large enough to be caught in the middle.
    const body = 'x '.repeat(30_000)
    for (let index = 0; index < 150; index += 1) await bus.client.messages.post({ topic: 't', sender: 'ann', body })
    const args = ['backup', target, '--database-url', `sqlite:${file}`]
    let caught = 0
    for (let tries = 0; tries < 20 && caught === 0; tries += 1) {
      const child = spawn(process.execPath, [MAIN, ...args], { env: cleanEnvironment(), stdio: 'ignore' })
      onTestFinished(() => {
        child.kill('SIGKILL')
      })
      const ended = once(child, 'close')
      while (readdirSync(kept).length === 0 && child.exitCode === null) await sleep(1)
      child.kill('SIGKILL')
      await ended
      const left = readdirSync(kept)
      caught = left.filter((name) => /^copy\.db\.partial-[0-9a-f]{8}(-journal)?$/.test(name)).length
      if (caught > 0) expect(left).toHaveLength(caught)
      else rmSync(target, { force: true })
    }
    expect(caught).toBeGreaterThan(0)
    expect(existsSync(target)).toBe(false)
    await post(bus, 1)
    expect(await backUp(file, target)).toMatchObject({ exitCode: 0 })
  })
})

describe('a backup that is restored', () => {
  /** Starts a bus on a copy of the backup, as whoever restores it does. */
  async function restore(backup: string): Promise<TestBus> {
    const file = join(createTempFolder(), 'bus.db')
    copyFileSync(backup, file)
    return startTestBus({ databasePlace: file })
  }

  const epochOf = async ({ client }: TestBus) => (await client.messages.read({})).epoch

  it('has all that there was, under another epoch: whoever has an older cursor notices', async () => {
    const { bus, file, target } = await startFilled()
    await backUp(file, target)
    await post(bus, 5)
    const { next_since_id: cursor, epoch } = await bus.client.messages.read({})
    const restored = await restore(target)
    await expect(restored.client.messages.read({ since_id: cursor })).rejects.toMatchObject({
      body: { code: 'cursor_expired', head_id: 20 },
    })
    // Once it has handed out the same ids again, the epoch alone tells that they are others.
    await post(restored, 9)
    const page = await restored.client.messages.read({ since_id: cursor })
    expect(page.messages.map(({ id }) => id)).toEqual([26, 27, 28, 29])
    expect(page.epoch).not.toBe(epoch)
    expect(page.epoch).not.toContain('copy of')
    const events = await restored.client.events.read({ since_id: 0 })
    expect(events.epoch).toBe(page.epoch)
    expect(await epochOf(bus)).toBe(epoch)
  })

  it('has another epoch each time that it is restored, and the same one each time that its bus starts', async () => {
    const { file, target } = await startFilled()
    await backUp(file, target)
    const [first, second] = [await restore(target), await restore(target)]
    expect(await epochOf(first)).not.toBe(await epochOf(second))
    const again = join(createTempFolder(), 'again.db')
    copyFileSync(target, again)
    const started = []
    for (let start = 0; start < 2; start += 1) {
      const bus = await startTestBus({ databasePlace: again })
      started.push(await epochOf(bus))
      await bus.close()
    }
    expect(started[1]).toBe(started[0])
  })

  it('still is a copy after it was exported, and gives what it is imported into an epoch of its own', async () => {
    const { bus, file, target } = await startFilled()
    await backUp(file, target)
    const lines = join(createTempFolder(), 'copy.jsonl')
    expect(await runMain(['export', lines, '--database-url', `sqlite:${target}`])).toMatchObject({ exitCode: 0 })
    const buses = []
    for (const place of [join(createTempFolder(), 'new.db'), await postgres().createDatabase()]) {
      const url = place.startsWith('postgres') ? place : `sqlite:${place}`
      expect(await runMain(['import', lines, '--database-url', url])).toMatchObject({ exitCode: 0 })
      buses.push(await startTestBus({ databasePlace: place }))
    }
    const epochs = await Promise.all([bus, ...buses, await restore(target)].map(epochOf))
    expect(new Set(epochs).size).toBe(4)
    expect(epochs.filter((epoch) => epoch.includes('copy of'))).toEqual([])
  })

  it('is not started, checked or copied beside the log of what was there before, which SQLite would take for its own', async () => {
    const folder = createTempFolder()
    const [file, target] = [join(folder, 'bus.db'), join(folder, 'copy.db')]
    const bus = await startBusProcess(['--port', '0', '--database-url', `sqlite:${file}`])
    const client = createBusClient({ baseUrl: bus.apiUrl })
    await post({ client }, 10)
    await backUp(file, target)
    await post({ client }, 50)
    await bus.kill()
    copyFileSync(target, file)
    const stray = {
      exitCode: 69,
      stderr: expect.stringMatching(/-wal is the log of a database that was here before .* move it/),
    }
    expect(await runMain(['serve', '--port', '0', '--database-url', `sqlite:${file}`])).toMatchObject(stray)
    expect(await runMain(['check', '--database-url', `sqlite:${file}`])).toMatchObject(stray)
    expect(await backUp(file, `${target}.2`)).toMatchObject(stray)
    for (const end of ['-wal', '-shm']) rmSync(`${file}${end}`)
    const restored = await startBusProcess(['--port', '0', '--database-url', `sqlite:${file}`])
    const page = await createBusClient({ baseUrl: restored.apiUrl }).messages.read({})
    expect(page.head_id).toBe(10)
    await post({ client: createBusClient({ baseUrl: restored.apiUrl }) }, 10)
    await restored.kill()
    const again = await startBusProcess(['--port', '0', '--database-url', `sqlite:${file}`])
    expect(await createBusClient({ baseUrl: again.apiUrl }).messages.read({})).toMatchObject({
      head_id: 20,
      epoch: page.epoch,
    })
  })

  it('refuses a fence that was granted after it was made, and lets the one that it knows go on', async () => {
    const { bus, file, target } = await startFilled()
    await backUp(file, target)
    await bus.client.lanes.release({ lane: 'feeds', owner: 'ann' })
    await bus.client.lanes.claim({ lane: 'feeds', owner: 'bob' })
    const { client } = await restore(target)
    await expect(client.lanes.heartbeat({ lane: 'feeds', owner: 'bob', fence: 2 })).rejects.toMatchObject({
      body: { code: 'lease_lost' },
    })
    expect(await client.lanes.verify({ lane: 'feeds', fence: 2 })).toMatchObject({ valid: false })
    expect(await client.lanes.heartbeat({ lane: 'feeds', owner: 'ann', fence: 1 })).toMatchObject({ ok: true })
  })
})

async function execute(file: string, text: string): Promise<void> {
  const connection = (await loadDriver()).open(file)
  connection.exec(text)
  connection.close()
}

async function selectOne(file: string, text: string): Promise<number> {
  const connection = (await loadDriver()).open(file, true)
  const [row] = connection.prepare(text).all()
  connection.close()
  return typeof row === 'object' && row !== null && 'value' in row ? Number(row.value) : Number.NaN
}
