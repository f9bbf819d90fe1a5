import { decide, type Holder, type Lane, type LaneCommand } from '../../src/capabilities/lanes/decide.ts'
import { type Answer, type Entry, isGrant, type LaneView, toAnswer } from './history.ts'
import { findBrokenRules } from './lane-rules.ts'

/** One lane as the commands so far have left it, and the latest moment that any of them, the refused ones too, took place at. */
export interface Model {
  readonly lane: Lane | undefined
  readonly seenAt: number
}

export const START: Model = { lane: undefined, seenAt: 0 }

export type Step =
  | { readonly fits: true; readonly model: Model; readonly answer: Answer }
  | { readonly fits: false; readonly why: string }

/**
 * Lets one command happen next.
 *
 * @param at The store's clock. Commands happen one after another, so it never runs backwards from one to the next.
 */
export function take({ lane, seenAt }: Model, entry: Entry, at: number): Step {
  if (at < seenAt) return { fits: false, why: `it took place ${seenAt - at} ms before what came before it` }
  const command = placeInQueue(entry)
  const decision = decide(entry.lane, lane, command, at)
  const [broken] = findBrokenRules(lane, command, at, decision)
  if (broken !== undefined) return { fits: false, why: `the rule itself breaks "${broken}"` }
  const answer = toAnswer(lane, decision)
  const difference = entry.answer && findDifference(answer, entry.answer)
  if (difference !== undefined) return { fits: false, why: difference }
  return { fits: true, model: { lane: 'next' in decision ? decision.next : lane, seenAt: at }, answer }
}

/** Who waits is no part of a lane: that others did is believed here, and judged by the checkers of the queue. */
function placeInQueue({ command, answer }: Entry): LaneCommand {
  const isBehind = command.kind === 'claim' && answer?.outcome === 'lane_queued'
  return isBehind ? { ...command, waitersAhead: 1 } : command
}

/** The moment of the decision, where the answer tells it. */
export function findToldMoment({ outcome, lane }: Answer): number | undefined {
  if (isGrant(outcome)) return lane.renewedAt ?? undefined
  const isRunning = lane.expiresAt !== null && lane.expiresInMs !== null && lane.expiresInMs > 0
  return isRunning ? lane.expiresAt - lane.expiresInMs : undefined
}

/**
 * The moments at which a command may have taken place whose answer tells none: at once, or as soon as the lease is
 * over, for nothing else changes a lane by itself. The earliest that fits leaves the most room for what follows.
 */
export function listEarliest({ lane, seenAt }: Model): number[] {
  const expiresAt = lane?.tenure?.expiresAt ?? 0
  return expiresAt > seenAt ? [seenAt, expiresAt] : [seenAt]
}

/** The same, and as late as possible: a lease that nobody saw begin may have begun just before it was last in force. */
export function listExtremes(model: Model, latest: number): number[] {
  const beforeEnd = (model.lane?.tenure?.expiresAt ?? 0) - 1
  const moments = [...listEarliest(model), Math.min(beforeEnd, latest), latest]
  return [...new Set(moments)].filter((moment) => moment >= model.seenAt && moment <= latest)
}

/** Two models have the same text exactly if the same can follow. */
export function identify({ lane, seenAt }: Model): string {
  if (!lane) return `- ${seenAt}`
  const { fence, rev, tenure, last, changedAt } = lane
  const { owner, session, claimedAt, renewedAt, expiresAt } = tenure ?? {}
  return JSON.stringify([seenAt, fence, rev, changedAt, owner, session, claimedAt, renewedAt, expiresAt, last])
}

/** For people; moments are milliseconds from `origin`. */
export function describeModel({ lane, seenAt }: Model, origin: number): string {
  const { fence = 0, rev = 0, tenure } = lane ?? {}
  const holder = tenure ? `held by ${describeHolder(tenure)} until ${tenure.expiresAt - origin} ms` : 'free'
  return `rev ${rev}, fence ${fence}, ${holder}; it is ${Math.max(0, seenAt - origin)} ms`
}

export function describeCommand(command: LaneCommand): string {
  const fence = 'fence' in command && command.fence !== undefined ? ` with fence ${command.fence}` : ''
  const lease = 'leaseMs' in command ? ` for ${command.leaseMs} ms` : ''
  return `${command.kind} by ${describeHolder(command)}${fence}${lease}`
}

function describeHolder({ owner, session }: Holder): string {
  return session === undefined ? owner : `${owner}/${session}`
}

/** The outcome, or else the first field, that is not as the rule has it. */
function findDifference(expected: Answer, given: Answer): string | undefined {
  if (expected.outcome !== given.outcome) return `answered ${given.outcome}; the rule says ${expected.outcome}`
  const names = Object.keys(expected.lane) as (keyof LaneView)[] // The keys of a view.
  const name = names.find((field) => expected.lane[field] !== given.lane[field])
  return name && `answered ${given.outcome} with ${name} ${given.lane[name]}; the rule says ${expected.lane[name]}`
}
