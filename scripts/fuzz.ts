/**
 * `npm run fuzz -- --minutes 10`: writes at random to the HTTP API, to `/mcp` and to the MCP server on standard input, one
 * after another, each for so long; `-- http`, `-- mcp` or `-- stdio` only to that. Each round has its own seed, and
 * `BUS_TEST_SEED` is that of the first. Tells how much was asked, and what the processes took at the start and at the end.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { takeSeed } from '../test/correctness/random.ts'
import { readApi } from '../test/fuzz/document.ts'
import { describeUsage, type FuzzedBus, listFaults, readUsage, startFuzzedBus } from '../test/fuzz/fuzzed-process.ts'
import { addTally, describeTally, fuzzOperation, fuzzSequences, type Tally } from '../test/fuzz/http-fuzz.ts'
import { fuzzMcp } from '../test/fuzz/mcp-http-fuzz.ts'
import { fuzzOneServer, fuzzStdio, listTools } from '../test/fuzz/stdio-fuzz.ts'
import { startSession } from '../test/fuzz/stdio-session.ts'
import { bundle } from './bundle.ts'

const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string', default: '1' } },
  allowPositionals: true,
})
const minutes = Number(values.minutes)

/** How often in the whole time it is told what the processes take. What grows from the second time on is a leak. */
const LOOKS = 5

interface Round {
  readonly bus: FuzzedBus
  readonly seed: number
  readonly tally: Tally
}

interface Target {
  /** Returns what went wrong, if anything did. */
  readonly round: (round: Round) => Promise<string | undefined>
  /** Another process than the bus that is looked at. */
  readonly pid?: number
  readonly end?: () => Promise<void>
}

type Start = (bus: FuzzedBus) => Promise<Target>

const startHttp: Start = async ({ origin }) => {
  const api = await readApi(origin)
  return {
    round: async ({ seed, tally }) => {
      for (const [index, operation] of api.operations.entries()) {
        const one = await fuzzOperation({ origin, api, seed: seed + index }, operation, 100)
        addTally(tally, one.tally)
        if (one.failure !== undefined) return one.failure
      }
      const sequences = await fuzzSequences({ origin, api, seed }, 100)
      addTally(tally, sequences.tally)
      return sequences.failure
    },
  }
}

const startMcp: Start = async ({ origin }) => {
  const tools = await listTools(`${origin}/api/bus`)
  return {
    round: async ({ seed, tally }) => {
      const { tally: counted, failure } = await fuzzMcp({ origin, seed }, tools, 500)
      addTally(tally, counted)
      return failure
    },
  }
}

/** One server goes on all the time; beside it others begin and end. */
const startStdio: Start = async ({ origin }) => {
  const apiUrl = `${origin}/api/bus`
  const tools = await listTools(apiUrl)
  const session = startSession(apiUrl)
  await session.open('legacy')
  return {
    pid: session.pid,
    round: async ({ seed, tally }) => {
      await fuzzOneServer(session, tools, { seed, rounds: 20 })
      const { failure, sessions, pieces, requests, refused } = await fuzzStdio({ apiUrl, seed }, tools, 5)
      addTally(tally, new Map(Object.entries({ sessions, pieces, requests, refused })))
      return failure
    },
    end: async () => {
      console.log(`stdio: it was asked ${session.counts.requests} times, refused ${session.counts.refused}`)
      await session.end('')
    },
  }
}

const starts: Readonly<Record<string, Start>> = { http: startHttp, mcp: startMcp, stdio: startStdio }
const names = positionals.length > 0 ? positionals : Object.keys(starts)
const unknown = names.filter((name) => !Object.hasOwn(starts, name))
if (!(minutes > 0) || unknown.length > 0) {
  console.error(`npm run fuzz -- [--minutes N] [${Object.keys(starts).join('] [')}]`)
  process.exitCode = 2
} else {
  await bundle()
  for (const name of names) await fuzz(name)
}

async function fuzz(name: string): Promise<void> {
  const start = starts[name]
  if (!start) return
  const folder = mkdtempSync(join(tmpdir(), 'bus-mcp-fuzz-'))
  const bus = await startFuzzedBus(`sqlite:${join(folder, 'bus.db')}`)
  const tally: Tally = new Map()
  const startedAt = performance.now()
  const hasLasted = (part: number) => performance.now() - startedAt > minutes * 60_000 * part
  const firstSeed = takeSeed()
  console.log(`${name}: first seed ${firstSeed}; the bus at the start: ${describeUsage(readUsage(bus.pid))}`)
  const { round, pid, end } = await start(bus)
  const look = () => {
    const other = pid === undefined ? '' : `; the server: ${describeUsage(readUsage(pid))}`
    console.log(`${name}: after ${rounds} rounds the bus: ${describeUsage(readUsage(bus.pid))}${other}`)
  }
  let looks = 0
  let rounds = 0
  let failure: string | undefined
  while (failure === undefined && !hasLasted(1)) {
    failure = await round({ bus, seed: firstSeed + rounds * 1_000, tally })
    rounds += 1
    if (looks < LOOKS - 1 && hasLasted((looks + 1) / LOOKS)) {
      looks += 1
      look()
    }
  }
  look()
  await end?.()
  console.log(`${name}: ${rounds} rounds, last seed ${firstSeed + (rounds - 1) * 1_000}: ${describeTally(tally)}`)
  console.log(`${name}: faults that the bus logged: ${listFaults(bus.logged()).join('\n') || 'none'}`)
  const status = await bus.stop()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  console.log(`${name}: the bus ended with ${status}`)
  // On Windows nobody can ask it to end.
  const isStopped = status === 0 || process.platform === 'win32'
  if (failure !== undefined || !isStopped || listFaults(bus.logged()).length > 0) {
    console.error(failure ?? `${name}: the bus logged a fault or did not end well`)
    process.exitCode = 1
  }
}
