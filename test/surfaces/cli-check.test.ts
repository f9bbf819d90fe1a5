import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createBusClient } from '../../src/client/index.ts'
import { invariants } from '../../src/inspect.ts'
import { loadDriver } from '../../src/store/sqlite/driver.ts'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { startTestPostgres } from '../support/postgres-database.ts'
import { runMain, startBusProcess } from '../support/process.ts'

const postgres = startTestPostgres()

/** As SQLite makes files. */
const PAGE_SIZE = 4_096

const check = (url: string) => runMain(['check', '--database-url', url])

/** A file that a bus has used. Returns its path. */
async function makeFile(): Promise<string> {
  const file = join(createTempFolder(), 'bus.db')
  const bus = await startTestBus({ databasePlace: file })
  for (let index = 1; index <= 50; index += 1) {
    await bus.client.messages.post({ topic: 't', sender: 'ann', body: `secret plan ${index}` })
  }
  for (const lane of ['feeds', 'docs']) await bus.client.lanes.claim({ lane, owner: 'ann' })
  await bus.close()
  return file
}

async function change(file: string, ...texts: readonly string[]): Promise<void> {
  const connection = (await loadDriver()).open(file)
  for (const text of texts) connection.exec(text)
  connection.exec('pragma wal_checkpoint(truncate)')
  connection.close()
}

describe('bus-mcp check', () => {
  it('looks at a file that nobody serves, a line for each look, and changes no byte of it', async () => {
    const file = await makeFile()
    const before = readFileSync(file)
    const { exitCode, stdout, stderr } = await check(`sqlite:${file}`)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const lines = stdout.trim().split('\n')
    expect(lines.map((line) => /^ok {5}(\S+): /.exec(line)?.[1])).toEqual([
      'file',
      ...invariants.map(({ name }) => name),
      undefined,
    ])
    expect(stdout).toContain('log.message-ids: 50 messages; after the floor each id follows the one before')
    expect(lines.at(-1)).toBe(`${invariants.length + 1} looks, all is well`)
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it('looks at one that a bus serves and writes to meanwhile, and keeps it from nothing', async () => {
    const file = join(createTempFolder(), 'bus.db')
    const bus = await startBusProcess(['--port', '0', '--database-url', `sqlite:${file}`])
    let isOver = false
    let posted = 0
    const { messages } = createBusClient({ baseUrl: bus.apiUrl })
    const post = async () => {
      while (!isOver) {
        await messages.post({ topic: `t${posted % 9}`, sender: 'ann', body: 'x' })
        posted += 1
      }
    }
    const posting = Promise.all([post(), post(), post(), post()])
    const runs = []
    for (let round = 0; round < 3; round += 1) runs.push(await check(`sqlite:${file}`))
    isOver = true
    await posting
    expect(posted).toBeGreaterThan(0)
    for (const { exitCode, stdout, stderr } of runs) expect({ exitCode, stderr, stdout }).toMatchObject({ exitCode: 0 })
  })

  it('says what is wrong with ids and lanes and without bodies and owners, and ends with 65', async () => {
    const file = await makeFile()
    await change(
      file,
      'delete from messages where id in (3, 7)',
      "update lanes set fence = 4, owner = 'eve' where name = 'feeds'",
    )
    const { exitCode, stdout, stderr } = await check(`sqlite:${file}`)
    expect(exitCode).toBe(65)
    expect(stdout).toContain(
      'WRONG  log.message-ids: 48 messages; not so: after the floor each id follows the one before -- id 4 previous 2; id 8 previous 6\n',
    )
    expect(stdout).toMatch(/^WRONG {2}lanes\.newest-line: 2 lanes; .* -- lane "feeds" rev 1 line 1$/m)
    expect(stdout).not.toMatch(/secret plan|\bann\b|\beve\b/)
    expect(stderr).toMatch(/^bus-mcp: \d+ of \d+ looks found something wrong -- .*restore the newest backup.*\n$/)
  })

  it('tells the first violations of many, and that there are others', async () => {
    const file = await makeFile()
    await change(file, 'delete from messages where id % 2 = 0')
    const { stdout } = await check(`sqlite:${file}`)
    expect(stdout).toMatch(/id 3 previous 1; .*; id 11 previous 9; and others$/m)
  })

  it('finds damage in the file itself, and looks at the rest all the same', async () => {
    const file = await makeFile()
    const bytes = readFileSync(file)
    // The root of an index: no table is touched.
    const page = await findRootPage(file, 'messages_by_topic')
    bytes.fill(0x5a, page * PAGE_SIZE - 200, page * PAGE_SIZE - 20)
    writeFileSync(file, bytes)
    const { exitCode, stdout } = await check(`sqlite:${file}`)
    expect(exitCode).toBe(65)
    expect(stdout).toMatch(/^WRONG {2}file: all pages; not so: integrity_check .* -- Tree \d+ page \d+/m)
    expect(stdout).toMatch(/^WRONG {2}log\.topics: .* cannot be read: database disk image is malformed$/m)
    expect(stdout).toMatch(/^ok {5}log\.message-ids: 50 messages/m)
    expect(
      stdout
        .trim()
        .split('\n')
        .every((line) => /^(ok|WRONG) /.test(line)),
    ).toBe(true)
  })

  it('says of a file that was cut off that it is damaged, and ends with 65', async () => {
    const file = await makeFile()
    writeFileSync(file, readFileSync(file).subarray(0, PAGE_SIZE + 100))
    expect(await check(`sqlite:${file}`)).toEqual({
      exitCode: 65,
      stdout: '',
      stderr: `bus-mcp: the database ${file} is damaged -- stop the bus, keep a copy of the file, and restore the newest backup that passes\n`,
    })
  })

  it('finds an index that lost entries, and which counts and lists are wrong for it', async () => {
    const file = await makeFile()
    await loseIndexEntries(
      file,
      ['messages_by_topic', 'messages_pending', 'lanes_by_expiry'],
      [
        "update messages set topic = 'u', action_flag = 1 where id = 50",
        "update events set subject = 'u' where kind = 'message' and ref = 50",
        "update lanes set owner = null where name = 'feeds'",
      ],
    )
    const { stdout } = await check(`sqlite:${file}`)
    for (const name of ['file', 'log.topics', 'log.pending-count', 'lanes.tenure-count']) {
      expect(stdout).toMatch(new RegExp(`^WRONG {2}${name}: `, 'm'))
    }
  })

  it('looks at PostgreSQL while a bus serves it', async () => {
    const url = await postgres().createDatabase()
    const bus = await startTestBus({ databasePlace: url })
    await bus.client.messages.post({ topic: 't', sender: 'ann', body: 'x' })
    const { exitCode, stdout, stderr } = await check(url)
    expect({ exitCode, stderr, stdout }).toMatchObject({ exitCode: 0, stderr: '' })
    expect(stdout).toContain(`${invariants.length} looks, all is well`)
    expect(stdout).not.toContain('file:')
  })

  it.each<[name: string, prepare: (file: string) => Promise<unknown>, words: RegExp]>([
    ['missing', async () => {}, /^bus-mcp: there is no database .* -- name the one of your bus/],
    ['empty', async (file) => writeFileSync(file, ''), /^bus-mcp: there is no database /],
    ['of no database', async (file) => writeFileSync(file, 'hello '.repeat(500)), /not an SQLite database/],
    ["another program's", (file) => change(file, 'create table a (b)'), /belongs to another program/],
    [
      'newer',
      async (file) => {
        await (await startTestBus({ databasePlace: file })).close()
        await change(file, "insert into bus_migrations values ('lanes/999-newer', 'x', 1)")
      },
      /written by a newer bus-mcp \(it has migration lanes\/999-newer\)/,
    ],
    [
      'older',
      async (file) => {
        await (await startTestBus({ databasePlace: file })).close()
        await change(file, "delete from bus_migrations where id = 'lanes/005-refusals'")
      },
      /an older bus-mcp wrote the database -- start the bus on it, or run bus-mcp migrate/,
    ],
  ])('refuses a file that is %s in one line, ends with 69, and leaves it as it is', async (_, prepare, words) => {
    const file = join(createTempFolder(), 'bus.db')
    await prepare(file)
    const read = () => {
      try {
        return readFileSync(file, 'latin1')
      } catch {
        return undefined
      }
    }
    const before = read()
    const { exitCode, stdout, stderr } = await check(`sqlite:${file}`)
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 69, stdout: '', stderr: expect.stringMatching(words) })
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(read()).toBe(before)
  })

  it('refuses a database in memory, one on PostgreSQL that no bus has used, and a word too many', async () => {
    expect((await check('sqlite::memory:')).stderr).toContain('a database in memory is in its bus alone')
    const url = await postgres().createDatabase()
    expect(await check(url)).toMatchObject({ exitCode: 69, stderr: expect.stringContaining('no bus has used') })
    expect(await runMain(['check', 'bus.db'])).toMatchObject({ exitCode: 2 })
  })
})

/** Changes rows, and takes it back in the indexes, which are of one page each. */
async function loseIndexEntries(file: string, indexes: readonly string[], texts: readonly string[]): Promise<void> {
  const before = readFileSync(file)
  await change(file, ...texts)
  const bytes = readFileSync(file)
  for (const index of indexes) {
    const page = await findRootPage(file, index)
    before.copy(bytes, (page - 1) * PAGE_SIZE, (page - 1) * PAGE_SIZE, page * PAGE_SIZE)
  }
  writeFileSync(file, bytes)
}

async function findRootPage(file: string, index: string): Promise<number> {
  const connection = (await loadDriver()).open(file, true)
  const [row] = connection.prepare('select rootpage from sqlite_schema where name = ?').all(index)
  connection.close()
  return typeof row === 'object' && row !== null && 'rootpage' in row ? Number(row.rootpage) : 0
}
