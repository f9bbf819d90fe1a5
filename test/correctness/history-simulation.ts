import { decide, type Lane, type LaneCommand } from '../../src/capabilities/lanes/decide.ts'
import { type Answer, type Entry, toAnswer } from './history.ts'
import { createAgent, listTwins } from './history-commands.ts'
import { createRandom, type Random } from './random.ts'
import type { Decide } from './search.ts'

/** What a bus may do wrong. The right one does nothing of it. */
export interface Mistakes {
  readonly decide?: Decide
  /** Reads, decides and writes while others do. */
  readonly locksNothing?: boolean
  /** Reads the clock, and then waits for the lock. */
  readonly readsClockBeforeLock?: boolean
  /** Keeps nothing of a lane that was released. */
  readonly deletesOnRelease?: boolean
}

interface SimulatedBus {
  readonly mistakes: Mistakes
  readonly lanes: Map<string, Lane>
  readonly locked: Set<string>
  now: number
}

interface Call {
  readonly lane: string
  readonly command: LaneCommand
  readonly invokedAt: number
  readonly work: Generator<undefined, Answer>
}

const LANES = ['x', 'y'] as const
const CUT_SHARE = 0.02

/**
 * The history of six agents, twins under three names, on a bus whose requests interleave between any two of their steps,
 * as they do in a bus of several processes. Nothing in it runs at the same time, so a seed gives the same history again.
 */
export function simulateHistory(seed: number, operations: number, mistakes: Mistakes = {}): Entry[] {
  const random = createRandom(seed)
  const bus: SimulatedBus = { mistakes, lanes: new Map(), locked: new Set(), now: 1_900_000_000_000 }
  const clients = listTwins(['ann', 'bob', 'cid']).map((holder) => ({ agent: createAgent(random, holder, LANES) }))
  const calls = new Map<(typeof clients)[number], Call>()
  const abandoned = new Set<Call>()
  const entries: Entry[] = []
  for (let tick = 0; entries.length < operations; tick += 1) {
    bus.now += random.chance(0.3) ? random.between(1, 3) : 0
    for (const call of abandoned) if (random.chance(0.1) && call.work.next().done) abandoned.delete(call)

    const client = clients[random.between(0, clients.length - 1)]
    if (!client) continue
    const call = calls.get(client)
    if (!call) {
      const { lane, command } = client.agent.choose()
      calls.set(client, { lane, command, invokedAt: tick, work: serve(bus, random, lane, command) })
      continue
    }
    const { lane, command, invokedAt } = call
    const isCut = random.chance(CUT_SHARE)
    const result = isCut ? undefined : call.work.next()
    if (result && !result.done) continue

    calls.delete(client)
    if (isCut) abandoned.add(call)
    const answer = result?.value
    if (answer) client.agent.learn(lane, answer)
    entries.push({ lane, command, invokedAt, returnedAt: tick, answer })
  }
  const pending = [...calls.values()].map(({ lane, command, invokedAt }): Entry => {
    return { lane, command, invokedAt, returnedAt: Number.POSITIVE_INFINITY, answer: undefined }
  })
  return [...entries, ...pending]
}

/** One request in the bus; others go on at every `yield`. */
function* serve(bus: SimulatedBus, random: Random, name: string, command: LaneCommand): Generator<undefined, Answer> {
  const { decide: rule = decide, locksNothing, readsClockBeforeLock, deletesOnRelease } = bus.mistakes
  const early = readsClockBeforeLock ? bus.now : undefined
  yield
  while (!locksNothing && bus.locked.has(name)) yield
  bus.locked.add(name)
  const lane = bus.lanes.get(name)
  const now = early ?? bus.now
  while (random.chance(0.5)) yield
  const decision = rule(name, lane, command, now)
  if ('next' in decision) bus.lanes.set(name, decision.next)
  if (deletesOnRelease && decision.outcome === 'released') bus.lanes.delete(name)
  bus.locked.delete(name)
  yield
  return toAnswer(lane, decision)
}
