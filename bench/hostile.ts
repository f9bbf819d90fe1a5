/** What do slow and hostile clients cost the others: 500 slow requests, 1,000 streams, answers nobody reads, floods of JSON? */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { median, quantile, summarize } from './support/measure.ts'
import { NO_MEMORY, readMemory } from './support/memory.ts'
import { runOpenLoop } from './support/open-loop.ts'
import { type Answer, type Budget, cost, type Figure, type Ratio, type Target } from './support/question.ts'
import { type BusPlace, type Workplace, withWorkplace } from './support/servers.ts'

export const asks = 'What do slow and hostile clients cost the others, and how much memory do they take?'

/** What is asked of readers of the stream is what they cost by being there: what they are sent as they come is over by then. */
const SETTLE_MS = 2_000

interface Crowd {
  readonly says: string
  /** As in `streams=990`. */
  readonly crowd: readonly string[]
  readonly settleMs?: number
}

const CROWDS: Readonly<Record<string, Crowd>> = {
  slow: { says: '500 requests that never end', crowd: ['slow requests=500'] },
  streams: {
    says: '1,000 readers of the stream, 10 of which never read',
    crowd: ['streams=990', 'deaf streams=10'],
    settleMs: SETTLE_MS,
  },
  deaf: { says: 'a caller that reads none of its answers', crowd: ['unread answers=1'] },
  floods: { says: 'floods of deep, wide and huge JSON', crowd: ['floods=2'] },
}

export const targets: readonly Target[] = Object.entries(CROWDS).flatMap(([name, { says }]) => [
  { name: `${name}.p99`, says: `p99 of the healthy beside ${says}, of theirs alone`, atMost: 2 },
  { name: `${name}.memory`, says: `memory that the bus takes beside ${says}`, atMost: 64 },
])

/** What the healthy do, a second: far below what the bus can. */
const PER_SECOND = { read: 40, post: 6, claim: 6 } as const
type Call = keyof typeof PER_SECOND
const CALLS: readonly Call[] = ['read', 'post', 'claim']
/** Of 16 KiB each: with them an answer is as large as many are. */
const PAST = 200

type Times = Readonly<Record<Call, number[]>>

export function run({ rounds, isFull }: Budget): Promise<Answer> {
  const seconds = isFull ? 8 : 4
  return withWorkplace(async (workplace) => {
    const bus = await workplace.startBus()
    await writePast(bus)
    const healthy = await openHealthy(bus)
    // The first calls only warm up.
    await healthy(seconds)
    const results = Object.entries(CROWDS).map(([name, { says, crowd, settleMs = 0 }]) => ({
      ...{ name, says, crowd, settleMs, failures: [] as string[] },
      ...{ alone: emptyTimes(), beside: emptyTimes(), growths: [] as number[] },
    }))
    for (let round = 0; round < rounds; round += 1) {
      for (const result of results) {
        const before = readMemory(bus.pid)
        keep(result.alone, await healthy(seconds), result.failures)
        const leave = await bringCrowd(workplace, bus, result.crowd)
        await sleep(result.settleMs)
        keep(result.beside, await healthy(seconds), result.failures)
        const beside = readMemory(bus.pid)
        await leave()
        if (before !== undefined && beside !== undefined) result.growths.push(beside - before)
      }
    }
    const failures = results.flatMap((result) => result.failures)
    return {
      sections: results.map(({ says, alone, beside, growths }) => ({
        title: says,
        figures: [
          ...CALLS.flatMap((call) => [summarize(`${call}, alone`, alone[call]), summarize(call, beside[call])]),
          ...(growths.length > 0 ? [summarize('memory', growths, 'MiB')] : []),
        ] satisfies Figure[],
      })),
      ratios: results.flatMap(toRatios),
      notes: [
        `the readers of the stream have been there for ${SETTLE_MS / 1_000} s`,
        `the healthy read, post and claim ${CALLS.map((call) => PER_SECOND[call]).join(', ')} times a second, at fixed moments`,
        ...(readMemory(bus.pid) === undefined ? [NO_MEMORY] : []),
        ...(failures.length === 0 ? [] : [`${failures.length} of the healthy failed, the first: ${failures[0]}`]),
      ],
    }
  })
}

async function writePast(bus: BusPlace): Promise<void> {
  const load = await bus.open(4)
  const body = { topic: 'past', sender: 'bench', body: 'x'.repeat(16 * 1024) }
  await Promise.all(Array.from({ length: PAST }, () => load.send(bus.toRequest('POST', '/api/bus/message', body))))
  load.close()
}

type Healthy = (seconds: number) => Promise<{ readonly times: Times; readonly failures: readonly string[] }>

async function openHealthy(bus: BusPlace): Promise<Healthy> {
  const load = await bus.open(8)
  const post = bus.toRequest('POST', '/api/bus/message', { topic: 'news', sender: 'bench', body: 'x'.repeat(200) })
  const read = bus.toRequest('GET', '/api/bus/messages?topic=news&limit=20')
  const claim = bus.toRequest('POST', '/api/bus/lanes/bench/claim', { owner: 'bench' })
  const requests = { read, post, claim }
  return async (seconds) => {
    const loops = await Promise.all(
      CALLS.map((call) => runOpenLoop(load, () => requests[call], { perSecond: PER_SECOND[call], seconds })),
    )
    const [reads, posts, claims] = loops.map(({ times }) => [...times])
    return {
      times: { read: reads ?? [], post: posts ?? [], claim: claims ?? [] },
      failures: loops.flatMap(({ failures }) => failures),
    }
  }
}

/** Resolves when it is there, with what makes it leave. */
async function bringCrowd(workplace: Workplace, bus: BusPlace, crowd: readonly string[]): Promise<() => Promise<void>> {
  const child = fork(join(import.meta.dirname, 'support/hostile-process.ts'), [bus.origin, ...crowd], {
    execArgv: ['--import', 'tsx'],
  })
  const left = once(child, 'exit')
  workplace.atEnd(() => child.kill())
  await Promise.race([once(child, 'message'), left.then(() => Promise.reject(new Error('the hostile did not come')))])
  return async () => {
    child.disconnect()
    await left
    // The bus closes a thousand connections.
    await sleep(500)
  }
}

function emptyTimes(): Times {
  return { read: [], post: [], claim: [] }
}

function keep(times: Times, more: Awaited<ReturnType<Healthy>>, failures: string[]): void {
  for (const call of CALLS) times[call].push(...more.times[call])
  failures.push(...more.failures)
}

function toRatios(result: {
  readonly name: string
  readonly alone: Times
  readonly beside: Times
  readonly growths: readonly number[]
}): Ratio[] {
  const { name, alone, beside, growths } = result
  const p99 = (times: Times) =>
    quantile(
      CALLS.flatMap((call) => times[call]).sort((one, other) => one - other),
      0.99,
    )
  const p50 = (times: Times) => median(CALLS.flatMap((call) => times[call]))
  return [
    cost(`${name}.p50`, p50(beside) / p50(alone)),
    cost(`${name}.p99`, p99(beside) / p99(alone)),
    ...(growths.length > 0 ? [cost(`${name}.memory`, Math.max(...growths), 'MiB')] : []),
  ]
}
