import type { Answer, Entry } from './history.ts'
import { type Choice, createAgent, listTwins, type Waits } from './history-commands.ts'
import { createRandom } from './random.ts'
import { createSimulatedBus, type Mistakes, type Request, type SimulatedBus, serve } from './simulated-bus.ts'
import { findInversions } from './waits.ts'

interface Call {
  readonly choice: Choice
  readonly request: Request
  readonly invokedAt: number
  readonly work: Generator<undefined, Answer>
}

export interface Simulation {
  readonly entries: readonly Entry[]
  /** What went wrong for those who waited; a line each. */
  readonly unfair: readonly string[]
}

const LANES = ['x', 'y'] as const
/** The share of the steps at which the connection of a request is cut; a wait has many more steps. */
const CUT_SHARE = 0.02
const CUT_SHARE_OF_WAITS = 0.002

/**
 * The history of six agents, twins under three names, on a bus whose requests interleave between any two of their steps,
 * as they do in a bus of several processes. Nothing in it runs at the same time, so a seed gives the same history again.
 */
export function simulate(seed: number, operations: number, mistakes: Mistakes = {}, waits?: Waits): Simulation {
  const random = createRandom(seed)
  const bus = createSimulatedBus(mistakes)
  const clients = listTwins(['ann', 'bob', 'cid']).map((holder) => createAgent(random, holder, LANES, waits))
  const calls = new Map<(typeof clients)[number], Call>()
  const abandoned = new Set<Call>()
  const entries: Entry[] = []
  for (let tick = 0; entries.length < operations; tick += 1) {
    bus.now += random.chance(0.3) ? random.between(1, 3) : 0
    for (const call of abandoned) if (random.chance(0.1) && call.work.next().done) abandoned.delete(call)

    const client = random.pick(clients)
    const call = calls.get(client)
    if (!call) {
      const choice = client.choose()
      const { lane, command, waitMs } = choice
      const who = `${command.owner}/${command.session} at ${tick}`
      const request: Request = { who, lane, command, waitMs, isGone: false }
      calls.set(client, { choice, request, invokedAt: tick, work: serve(bus, random, request) })
      continue
    }
    const isCut = random.chance(call.request.waitMs > 0 ? CUT_SHARE_OF_WAITS : CUT_SHARE)
    const result = isCut ? undefined : call.work.next()
    if (result && !result.done) continue

    calls.delete(client)
    call.request.isGone = isCut
    if (isCut) abandoned.add(call)
    const answer = result?.value
    if (answer) client.learn(call.choice.lane, answer)
    entries.push({ ...call.choice, invokedAt: call.invokedAt, returnedAt: tick, answer })
  }
  const pending = [...calls.values()].map(({ choice, invokedAt }): Entry => {
    return { ...choice, invokedAt, returnedAt: Number.POSITIVE_INFINITY, answer: undefined }
  })
  return { entries: [...entries, ...pending], unfair: listUnfair(bus) }
}

function listUnfair({ events, staleYes }: SimulatedBus): string[] {
  return [...[...events.values()].flatMap(findInversions), ...staleYes]
}
