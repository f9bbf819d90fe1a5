import {
  type CreditTerms,
  decideCredit,
  type decide as decideType,
  type Holder,
  type Lane,
  type LaneCommand,
} from '../../src/capabilities/lanes/decide.ts'
import { findBrokenCreditRules, findBrokenRules, type Rule } from './lane-rules.ts'

/** The rule of the lane, or a wrong one that the search must find out. */
export type Decide = typeof decideType
export type DecideCredit = typeof decideCredit

export interface Violation {
  readonly rule: Rule
  /** The commands that led there from a lane that was never claimed; no shorter way exists. */
  readonly steps: readonly string[]
}

export interface SearchResult {
  /** Distinct pairs of a lane at a moment and a command, or an outage. */
  readonly decisions: number
  readonly lanes: number
  /** The first violation of each rule. */
  readonly violations: readonly Violation[]
}

interface Node {
  readonly lane: Lane | undefined
  readonly from: Node | undefined
  /** What led here from there. */
  readonly step: string
}

const NAME = 'lane'
/** The moment of the last change in every lane of the search. */
const ORIGIN = 1_000
/** Milliseconds since the last change: at it, within each lease, at the end of each, after all of them, and before it. */
const CLOCK_STEPS = [0, 1, 2, 4, 5, 9, -3] as const
const LEASES = [2, 5] as const
/** Milliseconds from the last change to the last sign of life of the bus. */
const SIGNS_OF_LIFE = [0, 1, 2, 4, 5] as const
/** The longest credit: more than the one lease, and less than the other. */
const MAX_CREDIT = 3
/** What is further from the last change than this is as good as this: nothing depends on it. */
const MAX_AGE = 6
/** Fences beyond this are lowered to it; nothing but their order counts. */
const MAX_FENCE = 3

/** Each of them is two processes: one without a session and one with. */
const OWNERS = ['ann', 'bob', 'cid'] as const

/** Nobody waits, or somebody came before. */
const WAITERS_AHEAD = [0, 1] as const

/**
 * Tries every command and every outage at every moment on every lane that can be reached, breadth first. Lanes that
 * differ only in what no decision may depend on (the absolute time, the absolute fence) count as one.
 *
 * @param enough Ends the search at the first violation of this rule.
 */
export function searchDecisions(
  decide: Decide,
  options: { readonly enough?: Rule; readonly owners?: readonly string[]; readonly credit?: DecideCredit } = {},
): SearchResult {
  const { enough, owners = OWNERS, credit = decideCredit } = options
  const holders = owners.flatMap((owner): Holder[] => [
    { owner, session: undefined },
    { owner, session: 'twin' },
  ])
  const start: Node = { lane: undefined, from: undefined, step: '' }
  const found = new Map<string, Node>([[identify(undefined), start]])
  const violations = new Map<Rule, Violation>()
  const queue: Node[] = [start]
  let decisions = 0
  for (const node of queue) {
    if (enough !== undefined && violations.has(enough)) break
    for (const { step, next, broken } of [
      ...tryCommands(decide, holders, node.lane),
      ...tryOutages(credit, node.lane),
    ]) {
      decisions += 1
      for (const rule of broken) {
        if (!violations.has(rule)) violations.set(rule, { rule, steps: [...stepsTo(node), step] })
      }
      if (!next) continue
      const lane = normalize(next)
      const key = identify(lane)
      if (found.has(key)) continue
      const reached: Node = { lane, from: node, step }
      found.set(key, reached)
      queue.push(reached)
    }
  }
  return { decisions, lanes: found.size, violations: [...violations.values()] }
}

interface Try {
  readonly step: string
  /** The lane that it leads to, where it changes. */
  readonly next: Lane | undefined
  readonly broken: readonly Rule[]
}

function* tryCommands(decide: Decide, holders: readonly Holder[], lane: Lane | undefined): Generator<Try> {
  for (const [command, now] of listMoves(lane, holders)) {
    const decision = decide(NAME, lane, command, now)
    const next = 'next' in decision ? decision.next : undefined
    yield { step: describe(command, now), next, broken: findBrokenRules(lane, command, now, decision) }
  }
}

function* tryOutages(credit: DecideCredit, lane: Lane | undefined): Generator<Try> {
  if (!lane) return
  for (const [terms, now] of listOutages()) {
    const given = credit(lane, terms, now)
    yield {
      step: describeOutage(terms, now),
      next: given?.next,
      broken: findBrokenCreditRules(lane, terms, now, given),
    }
  }
}

function* listOutages(): Generator<[CreditTerms, number]> {
  for (const sign of SIGNS_OF_LIFE) {
    for (const step of CLOCK_STEPS) {
      // A bus that comes back finds its clock no earlier than it left it.
      if (step >= sign) yield [{ aliveAt: ORIGIN + sign, maxMs: MAX_CREDIT }, ORIGIN + step]
    }
  }
}

function* listMoves(lane: Lane | undefined, holders: readonly Holder[]): Generator<[LaneCommand, number]> {
  const commands = listCommands(holders, lane?.fence ?? 0)
  for (const step of CLOCK_STEPS) {
    for (const command of commands) yield [command, ORIGIN + step]
  }
}

function listCommands(holders: readonly Holder[], currentFence: number): LaneCommand[] {
  const fences = [undefined, currentFence, ...(currentFence > 0 ? [currentFence - 1] : [])]
  return holders.flatMap((holder): LaneCommand[] => [
    ...WAITERS_AHEAD.flatMap((waitersAhead) =>
      LEASES.map((leaseMs): LaneCommand => ({ kind: 'claim', ...holder, leaseMs, note: undefined, waitersAhead })),
    ),
    ...fences.flatMap((fence): LaneCommand[] => [
      ...LEASES.map((leaseMs): LaneCommand => ({ kind: 'heartbeat', ...holder, leaseMs, fence })),
      { kind: 'release', ...holder, fence },
    ]),
  ])
}

/** The same lane with its last change at {@link ORIGIN}, old ages made one and high fences lowered. */
function normalize(lane: Lane): Lane {
  const { tenure, last } = lane
  const toAge = (moment: number) => ORIGIN + Math.min(Math.max(moment - lane.changedAt, -MAX_AGE), MAX_AGE)
  const fence = Math.min(lane.fence, MAX_FENCE)
  return {
    ...lane,
    fence,
    rev: Math.min(lane.rev, 1),
    changedAt: ORIGIN,
    tenure: tenure && {
      ...tenure,
      claimedAt: toAge(tenure.claimedAt),
      // Only a credit comes after the renewal; how long after is nothing that counts.
      renewedAt: Math.max(toAge(tenure.renewedAt), ORIGIN - 1),
      expiresAt: toAge(tenure.expiresAt),
    },
    last: last && { ...last, fence: Math.max(0, fence - (lane.fence - last.fence)) },
  }
}

/** Two lanes have the same text exactly if they are the same. */
function identify(lane: Lane | undefined): string {
  if (!lane) return ''
  const { tenure, last, fence, rev } = lane
  return [
    fence,
    rev,
    ...(tenure ? [tenure.owner, tenure.session, tenure.claimedAt, tenure.renewedAt, tenure.expiresAt] : ['free']),
    tenure?.leaseMs,
    ...(last ? [last.owner, last.fence, last.end] : ['first']),
  ].join(' ')
}

function stepsTo(node: Node): string[] {
  return node.from ? [...stepsTo(node.from), node.step] : []
}

function describe(command: LaneCommand, now: number): string {
  const { kind, owner, session } = command
  const who = session === undefined ? owner : `${owner} (${session})`
  const lease = 'leaseMs' in command ? ` for ${command.leaseMs} ms` : ''
  const fence = 'fence' in command && command.fence !== undefined ? ` with fence ${command.fence}` : ''
  const queue = 'waitersAhead' in command && command.waitersAhead ? `, behind a waiter` : ''
  return `${kind} by ${who}${lease}${fence}${queue}, ${now - ORIGIN} ms after the last change`
}

function describeOutage({ aliveAt }: CreditTerms, now: number): string {
  return `an outage from ${aliveAt - ORIGIN} to ${now - ORIGIN} ms after the last change`
}
