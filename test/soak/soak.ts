import { setMaxListeners } from 'node:events'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRandom } from '../../src/core/random.ts'
import { type Alarm, createAlarms } from './alarms.ts'
import type { Stage } from './caller.ts'
import { createDisturbances } from './disturbances.ts'
import { checkFile, checkLanes, checkRead, type Heads, readHeads, settleDescriptors } from './end-checks.ts'
import { makeFaults, makePlan, type Plan } from './faults.ts'
import { createLaneLedger } from './lane-ledger.ts'
import { workOverMcp } from './mcp-agent.ts'
import { createMessageLedger } from './message-ledger.ts'
import { createObservations } from './observations.ts'
import { type QueueRounds, watchQueue } from './queue-watch.ts'
import { type Reader, readByCursor } from './readers.ts'
import { type Sample, toSample } from './samples.ts'
import { type SoakedBus, startSoakedBus } from './soaked-bus.ts'
import { followStream } from './stream-reader.ts'
import { makeTrouble } from './troublemakers.ts'
import { type Criterion, judge } from './verdict.ts'
import { type Flags, type Living, work } from './worker.ts'

export interface SoakOptions {
  readonly minutes: number
  readonly agents: number
  readonly seed: number
  /** How long each agent thinks between two calls, in milliseconds, on average: this is the load that is offered. */
  readonly thinkMs: number
  readonly hasFaults: boolean
  /** Ends it sooner, with all that is done at the end. */
  readonly signal: AbortSignal
  readonly onSample?: (sample: Sample) => void
  readonly onAlarm?: (alarm: Alarm) => void
  /** Is given the bus as soon as it runs, for whoever must end it at once. */
  readonly onBus?: (bus: SoakedBus, folder: string) => void
  /** For tests: what stands between the agents and the bus, given where the bus is. */
  readonly through?: (origin: string) => Promise<string>
}

export interface SoakReport {
  readonly criteria: readonly Criterion[]
  readonly alarms: readonly Alarm[]
  readonly samples: readonly Sample[]
  /** What was done, for the summary. */
  readonly counts: Readonly<Record<string, number>>
  /** The end of the bus's log. */
  readonly log: string
}

/** Far more than a reader falls behind; the file is as large as these and what the bus keeps for retries. */
const RETAIN_MESSAGES = 5_000
const CUT_SHARE = 0.01
/** So few that most claims are refused. */
const LANES_AN_AGENT = 0.4

/** Runs a bus and everybody on it for so many minutes, and says what came of it. Leaves neither processes nor files. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'bus-soak-')))
  mkdirSync(join(folder, 'data'))
  const alarms = createAlarms(options.onAlarm)
  const disturbances = createDisturbances()
  let bus: SoakedBus | undefined
  try {
    bus = await startSoakedBus({ folder, retainMessages: RETAIN_MESSAGES, disturbances, raise: alarms.raise })
    options.onBus?.(bus, folder)
    const leaving = new AbortController()
    // All agents listen to it; Node would take more than ten for a leak.
    setMaxListeners(0, leaving.signal)
    const stage: Stage = {
      origin: (await options.through?.(bus.origin)) ?? bus.origin,
      lanes: createLaneLedger(alarms.raise),
      messages: createMessageLedger(alarms.raise),
      observations: createObservations(alarms.raise, disturbances),
      disturbances,
      alarms,
      random: createRandom(options.seed),
      leaving: leaving.signal,
      cutShare: options.hasFaults ? CUT_SHARE : 0,
      thinkMs: options.thinkMs,
      workLanes: Math.ceil(options.agents * LANES_AN_AGENT),
      streams: new Set(),
    }
    return await soak(options, bus, stage, leaving)
  } finally {
    bus?.destroy()
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

async function soak(options: SoakOptions, bus: SoakedBus, stage: Stage, leaving: AbortController): Promise<SoakReport> {
  const plan = makePlan(options.minutes)
  const startedAt = performance.now()
  const before = bus.countDescriptors()
  const crowd = bringAgents(options, stage)
  const samples: Sample[] = []
  const isOver = AbortSignal.any([options.signal, crowd.failed.signal])
  const ending = new AbortController()
  const faults = options.hasFaults
    ? makeFaults(bus, crowd.living, plan, stage.random, ending.signal)
    : Promise.resolve()
  const sampling = takeSamples(bus, stage, crowd, plan, ending.signal, (sample) => {
    samples.push(sample)
    options.onSample?.(sample)
  })
  await sleep(plan.durationMs, undefined, { signal: isOver }).catch(() => {})
  ending.abort()
  await faults
  await sampling
  leaving.abort()
  await Promise.all(crowd.agents)

  const heads = await readHeads(bus.origin)
  crowd.close(heads)
  await checkRead(stage, crowd.readers, crowd.streams, heads)
  await checkLanes(stage)
  const after = await settleDescriptors(bus, before ?? 0)
  const status = await bus.stop()
  if (status !== 0 && process.platform !== 'win32') stage.alarms.raise('fault of the bus', `it ended with ${status}`)
  checkFile(stage, bus.file)
  const { warmUpMs } = plan
  const durationMs = performance.now() - startedAt
  const course = { samples, warmUpMs, durationMs, alarms: stage.alarms.count(), descriptors: { before, after } }
  return {
    criteria: judge(course),
    alarms: stage.alarms.first,
    samples,
    counts: count(stage, crowd, heads),
    log: bus.log(),
  }
}

interface Crowd {
  readonly agents: readonly Promise<void>[]
  readonly readers: readonly Reader[]
  readonly streams: readonly Reader[]
  readonly living: Living
  readonly rounds: QueueRounds
  /** Aborts when an agent failed for a fault of its own: then the run says nothing. */
  readonly failed: AbortController
  /** Tells the readers that nothing comes after these. */
  close(heads: Heads): void
}

/** How many of each there are among so many agents; all the others work. */
export function shareOut(agents: number) {
  const share = (part: number, least: number) => Math.max(least, Math.round(agents * part))
  const others = {
    readers: share(0.06, 2),
    streams: share(0.06, 2),
    mcpOverHttp: share(0.02, 1),
    mcpOverStdio: share(0.01, 1),
    troublemakers: share(0.05, 2),
    queues: share(0.01, 1),
  }
  // Five stand at each queue.
  const taken = Object.values(others).reduce((sum, count) => sum + count, others.queues * 4)
  return { ...others, workers: Math.max(4, agents - taken) }
}

function bringAgents({ agents, hasFaults }: SoakOptions, stage: Stage): Crowd {
  const shares = shareOut(agents)
  const flags: Flags = { pending: [] }
  const living: Living = new Set()
  const rounds: QueueRounds = { served: 0, broken: 0 }
  const failed = new AbortController()
  let heads: Heads | undefined
  const many = <T>(count: number, make: (number: number) => T): T[] =>
    Array.from({ length: count }, (_, n) => make(n + 1))
  const isAtEnd = (position: number) => heads !== undefined && position >= heads.events
  const acting = [
    ...many(shares.workers, (n) => work({ stage, name: `worker-${n}`, flags }, living)),
    ...many(shares.queues, (n) => watchQueue(stage, `${n}`, rounds)),
    ...many(shares.mcpOverHttp, (n) => workOverMcp(stage, `mcp-http-${n}`, 'HTTP')),
    ...many(shares.mcpOverStdio, (n) => workOverMcp(stage, `mcp-stdio-${n}`, 'stdio')),
    ...(hasFaults ? many(shares.troublemakers, () => makeTrouble(stage)) : []),
  ]
  return {
    agents: acting.map((agent) =>
      agent.catch((error: unknown) => {
        stage.alarms.raise('fault of the bus', `an agent gave up: ${error instanceof Error ? error.stack : error}`)
        failed.abort()
      }),
    ),
    readers: many(shares.readers, (n) => readByCursor(stage, `reader-${n}`, () => heads !== undefined)),
    // One in six is slow.
    streams: many(shares.streams, (n) => followStream(stage, `stream-${n}`, n % 6 === 2, isAtEnd)),
    living,
    rounds,
    failed,
    close: (last) => {
      heads = last
    },
  }
}

const SAMPLE_MS = 10_000
async function takeSamples(
  bus: SoakedBus,
  stage: Stage,
  { streams }: Crowd,
  { durationMs }: Plan,
  signal: AbortSignal,
  onSample: (sample: Sample) => void,
): Promise<void> {
  const startedAt = performance.now()
  const everyMs = Math.max(1_000, Math.min(SAMPLE_MS, durationMs / 10))
  let events = 0
  let cpu = { life: 0, busMs: 0, agentsMs: readOwnCpu() }
  let lastAt = startedAt
  for (let number = 1; !signal.aborted; number += 1) {
    await sleep(startedAt + number * everyMs - performance.now(), undefined, { signal }).catch(() => {})
    const life = bus.life()
    const usage = await bus.measure()
    const now = performance.now()
    const agentsMs = readOwnCpu()
    const busMs = usage?.cpuMs ?? cpu.busMs
    const newest = Math.max(0, ...streams.map(({ position }) => position()))
    onSample(
      toSample({
        atMs: now - startedAt,
        life,
        descriptors: bus.countDescriptors(),
        streams: stage.streams.size,
        busShare: (busMs - (life === cpu.life ? cpu.busMs : 0)) / (now - lastAt),
        agentsShare: (agentsMs - cpu.agentsMs) / (now - lastAt),
        seconds: (now - lastAt) / 1_000,
        usage,
        sizes: bus.sizes(),
        events: newest - events,
        window: stage.observations.take(),
      }),
    )
    events = newest
    cpu = { life, busMs, agentsMs }
    lastAt = now
  }
}

function readOwnCpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

function count({ messages, disturbances }: Stage, { rounds }: Crowd, heads: Heads): Record<string, number> {
  return {
    'messages acknowledged': messages.counts().posted,
    'messages in the log': heads.messages,
    'events in the log': heads.events,
    'queues served in order': rounds.served,
    'queues broken off': rounds.broken,
    'times frozen': disturbances.count('frozen'),
    'times the disk was full': disturbances.count('disk full'),
    'times killed': disturbances.count('killed'),
  }
}
