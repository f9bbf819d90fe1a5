import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBus } from '../../src/app.ts'
import { BusApiError, type BusClient, createBusClient } from '../../src/client/index.ts'
import { createTempFolder } from '../support/bus.ts'
import { findObstacle } from '../support/preload.ts'
import { type BusProcess, startBusProcess } from '../support/process.ts'
import { removeFolder } from '../support/remove-folder.ts'
import { silentLog } from '../support/silent-log.ts'
import { createRecordedDisk } from './power-cut-disk.ts'
import { createRandom, type Random, takeSeed } from './random.ts'

const TRUNCATIONS = 8
const FLIPPED_FILES = 20

/** How SQLite words a fault of the file or the disk (sqlite3_errstr). */
const SQLITE_FINDINGS =
  /image is malformed|disk I\/O error|file is not a database|unable to open|readonly|is full|is locked/

type Files = Readonly<Record<string, Buffer>>

/** A bus's files with messages and lanes, half of it still in the log, as a bus leaves them that is killed. */
let killed: Files
/** The same in one file, as a bus leaves it that is stopped. */
let stopped: Files

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bus-mcp-'))
  afterAll(() => removeFolder(folder))
  const databasePlace = join(folder, 'bus.db')
  const open = () =>
    startBus({
      host: '127.0.0.1',
      port: 0,
      databasePlace,
      maxLeaseSeconds: 3_600,
      allowedHosts: [],
      writeSecret: undefined,
      log: silentLog,
    })
  const first = await open()
  await fill(createBusClient({ baseUrl: first.apiUrl }))
  await first.close()
  const second = await open()
  await fill(createBusClient({ baseUrl: second.apiUrl }))
  killed = { 'bus.db': readFileSync(databasePlace), 'bus.db-wal': readFileSync(`${databasePlace}-wal`) }
  await second.close()
  stopped = { 'bus.db': readFileSync(databasePlace) }
})

async function fill({ messages, lanes }: BusClient): Promise<void> {
  for (let round = 0; round < 60; round += 1) {
    await messages.post({ topic: 'load', sender: 'before', body: `message ${round} ${'x'.repeat(round * 10)}` })
    await lanes.claim({ lane: `lane-${round % 20}`, owner: 'before' })
  }
}

interface Answers {
  succeeded: number
  readonly refused: Map<string, number>
}

/** Asks for everything once; whatever is refused is refused as unavailable, and what is acknowledged can be read. */
async function askEverything(client: BusClient): Promise<Answers> {
  const { messages, lanes, status } = client
  const answers: Answers = { succeeded: 0, refused: new Map() }
  const ask = async <T>(call: Promise<T>): Promise<T | undefined> => {
    try {
      const answer = await call
      answers.succeeded += 1
      return answer
    } catch (error) {
      if (!(error instanceof BusApiError)) throw error
      const code = error.body.code ?? String(error.statusCode)
      answers.refused.set(code, (answers.refused.get(code) ?? 0) + 1)
      return undefined
    }
  }
  await ask(status.get({}))
  await ask(messages.read({}))
  await ask(messages.read({ since_id: 0, limit: 500 }))
  await ask(messages.read({ topic: 'load', sender: 'before', limit: 500 }))
  await ask(lanes.list({ limit: 500 }))
  for (let number = 0; number < 20; number += 1) {
    const lane = `lane-${number}`
    await ask(lanes.history({ lane }))
    await ask(lanes.claim({ lane, owner: 'before' }))
    await ask(lanes.release({ lane, owner: 'before' }))
    await ask(messages.get({ id: 1 + number * 6 }))
    await ask(messages.ack({ id: 1 + number * 6, sender: 'after' }))
    const body = `after the damage, ${number}`
    const posted = await ask(messages.post({ topic: 'load', sender: 'after', body }))
    const found = posted && (await ask(messages.get({ id: posted.id })))
    if (found) expect(found.body).toBe(body)
  }
  return answers
}

async function startOn(files: Files): Promise<BusProcess | string> {
  const folder = createTempFolder()
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)
  return startOrRefuse(`sqlite:${join(folder, 'bus.db')}`)
}

/** The bus, or what it said when it did not start: one line. */
async function startOrRefuse(databaseUrl: string, env: Readonly<Record<string, string>> = {}) {
  try {
    return await startBusProcess(['--port', '0', '--database-url', databaseUrl], env)
  } catch (error) {
    const line = error instanceof Error ? error.message : ''
    expect(line).toMatch(/^the bus ended at once: bus-mcp: .+\n$/)
    expect(line.trimEnd()).not.toContain('\n')
    return line
  }
}

/** What became of it, for the figures. Whatever it is, it was told. */
async function findOutcome(files: Files, tally: Map<string, number>): Promise<unknown> {
  const add = (outcome: string, count = 1) => tally.set(outcome, (tally.get(outcome) ?? 0) + count)
  const bus = await startOn(files)
  if (typeof bus === 'string') return add('refused at start')
  const { succeeded, refused } = await askEverything(createBusClient({ baseUrl: bus.apiUrl }))
  expect(bus.child.exitCode).toBeNull()
  // A value that no contract knows is told as an internal error; what SQLite finds is told as what it is.
  expect(bus.stderr()).not.toMatch(SQLITE_FINDINGS)
  add('started')
  add('calls answered', succeeded)
  for (const [code, count] of refused) add(code, count)
  await bus.kill()
}

function flipBits(files: Files, random: Random): Files {
  const damaged = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes)]))
  for (let flips = random.pick([1, 10, 100]); flips > 0; flips -= 1) {
    const bytes = random.pick(Object.values(damaged))
    const at = random.below(bytes.length)
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.below(8)), at)
  }
  return damaged
}

const describeTally = (tally: ReadonlyMap<string, number>) =>
  [...tally].map(([outcome, count]) => `${outcome} ${count}`).join(', ')

describe('a damaged database file', () => {
  it(`is refused with one line at the start, or answers everything, when it is truncated: ${TRUNCATIONS} lengths`, async () => {
    const seed = takeSeed()
    const random = createRandom(seed)
    const { 'bus.db': whole = Buffer.alloc(0) } = stopped
    const lengths = [0, 1, 99, 100, 4_096, whole.length - 4_096, whole.length - 1, random.below(whole.length)]
    const tally = new Map<string, number>()
    for (const length of lengths) await findOutcome({ 'bus.db': whole.subarray(0, length) }, tally)
    console.log(`truncated: ${TRUNCATIONS} files of ${whole.length} bytes, ${describeTally(tally)}, seed ${seed}`)
  }, 60_000)

  // SQLite keeps no checksums of its pages, so a flipped bit within a text is a text; nobody can tell.
  it(`is refused with one line at the start, or answers everything, with bits flipped anywhere: ${FLIPPED_FILES} files`, async () => {
    const seed = takeSeed()
    const random = createRandom(seed)
    const tally = new Map<string, number>()
    for (let file = 0; file < FLIPPED_FILES; file += 1) {
      await findOutcome(flipBits(file % 2 === 0 ? stopped : killed, random), tally)
    }
    console.log(`bits flipped: ${FLIPPED_FILES} files, ${describeTally(tally)}, seed ${seed}`)
  }, 60_000)
})

describe('a database file that cannot be written', () => {
  // Windows has no such mode, and the superuser may write everywhere.
  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
    'is refused with one line at the start when it is read-only',
    async () => {
      const path = join(createTempFolder(), 'bus.db')
      writeFileSync(path, stopped['bus.db'] ?? '', { mode: 0o400 })
      chmodSync(path, 0o400)
      expect(await startOrRefuse(`sqlite:${path}`)).toMatch(/read-only|permission|cannot be opened/)
    },
  )

  const obstacle = findObstacle()
  it.skipIf(obstacle).each([
    ['full', /the disk is full/],
    ['sync fails', /disk reported|disk failed/],
    ['read-only', /read-only|cannot be opened/],
  ] as const)(
    `is refused with one line at the start, and is as good as before after the repair, when the disk is broken: %s${obstacle ? ` (skipped, for ${obstacle})` : ''}`,
    async (fault, words) => {
      const disk = createRecordedDisk()
      for (const [name, bytes] of Object.entries(killed)) writeFileSync(join(disk.folder, name), bytes)
      disk.breakDown(fault)
      expect(await startOrRefuse(disk.databaseUrl, disk.env)).toMatch(words)
      disk.repair()
      const bus = await startOrRefuse(disk.databaseUrl, disk.env)
      if (typeof bus === 'string') throw new Error(bus)
      const { messages } = createBusClient({ baseUrl: bus.apiUrl })
      expect(await messages.read({ since_id: 0, limit: 500 })).toMatchObject({ head_id: 120 })
    },
  )
})
