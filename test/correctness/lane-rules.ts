import { isDeepStrictEqual } from 'node:util'
import type {
  CreditTerms,
  Decision,
  decideCredit,
  Holder,
  Lane,
  LaneCommand,
  Tenure,
} from '../../src/capabilities/lanes/decide.ts'

/** One decision as those see it who do not trust the rule that made it. */
interface Step {
  readonly command: LaneCommand
  /** The moment that the decision must take place at. */
  readonly at: number
  readonly before: Pick<Lane, 'fence' | 'rev' | 'tenure' | 'last'>
  /** The tenure before, if it was live. */
  readonly live: Tenure | undefined
  readonly isHolder: boolean
  /** The command names a tenure that is over. */
  readonly isOlder: boolean
  readonly decision: Decision
  /** The lane after, where it changed. */
  readonly next: Lane | undefined
}

/** What must hold for every decision, told from the record alone and not from what the decision says of itself. */
const rules = {
  'a live tenure is changed by its own holder only': ({ live, isHolder, next }) =>
    live === undefined || isHolder || next === undefined,

  'a change of tenure raises the fence by one, and nothing else touches it': (step) =>
    step.next === undefined || step.next.fence === step.before.fence + (isNewTenure(step) ? 1 : 0),

  'every change raises the rev by one': ({ before, next }) => next === undefined || next.rev === before.rev + 1,

  'a decision without a change has neither a next lane nor an event': ({ decision }) =>
    (decision.outcome !== 'refused' && decision.outcome !== 'unchanged') ||
    !('next' in decision || 'event' in decision),

  'a command that names an older fence changes nothing': ({ isOlder, next }) => !isOlder || next === undefined,

  'a lease ends after its renewal, as late as was asked': ({ command, next }) =>
    !next?.tenure ||
    ('leaseMs' in command &&
      next.tenure.leaseMs === command.leaseMs &&
      next.tenure.expiresAt === next.tenure.renewedAt + command.leaseMs),

  'time never runs backwards for a lane': ({ at, decision, next }) =>
    decision.at === at &&
    (next === undefined || next.changedAt === at) &&
    (!next?.tenure || (next.tenure.renewedAt === at && next.tenure.claimedAt <= at)),

  'whoever is granted the lane holds it': ({ command, next }) => !next?.tenure || isSame(next.tenure, command),

  'a claim is refused only while another holds the lane live, or waited for it before': (step) => {
    const { command, live, isHolder, next } = step
    if (command.kind !== 'claim' || next?.tenure !== undefined) return true
    return live === undefined ? hasWaitersAhead(command) : !isHolder
  },

  'nobody passes one who waited before': (step) => !hasWaitersAhead(step.command) || !isNewTenure(step),

  'a live holder can always renew': ({ command, live, isHolder, isOlder, next }) =>
    command.kind !== 'heartbeat' || live === undefined || !isHolder || isOlder || next?.tenure !== undefined,

  'a heartbeat never begins a tenure': ({ command, live, next }) =>
    command.kind !== 'heartbeat' || next === undefined || live !== undefined,

  'a release ends a tenure that is its own or over, and no other': ({
    command,
    before,
    live,
    isHolder,
    isOlder,
    next,
  }) =>
    command.kind !== 'release' ||
    (next !== undefined && next.tenure === undefined) ===
      (before.tenure !== undefined && !isOlder && (isHolder || live === undefined)),

  'the tenure that ended is the last one': (step) =>
    !step.next ||
    (hasEnded(step)
      ? step.next.last?.owner === step.before.tenure?.owner && step.next.last?.fence === step.before.fence
      : step.next.last === step.before.last),
} as const satisfies Record<string, (step: Step) => boolean>

/** A credit as those see it who do not trust the rule that gave it. */
interface CreditStep {
  readonly at: number
  readonly terms: CreditTerms
  readonly before: Lane
  /** The tenure that was live at the last sign of life. */
  readonly live: Tenure | undefined
  readonly credit: ReturnType<typeof decideCredit>
}

/** What must hold for every credit. */
const creditRules = {
  'a credit goes to nobody whose lease was over before the outage': ({ live, credit }) =>
    live !== undefined || credit === undefined,

  'after an outage a holder has the credit at least, and no lease is shorter or longer for it': (step) => {
    const { at, terms, live, before, credit } = step
    const expiresAt = (credit?.next ?? before).tenure?.expiresAt
    return !live || expiresAt === Math.max(live.expiresAt, at + Math.min(live.leaseMs, terms.maxMs))
  },

  'a credit moves the end of the lease, and nothing else of the lane': ({ before, credit }) => {
    if (!credit) return true
    const { rev, changedAt } = before
    const next = { ...credit.next, rev, changedAt, tenure: forgetEnd(credit.next.tenure) }
    return isDeepStrictEqual(next, { ...before, tenure: forgetEnd(before.tenure) })
  },

  'a credit is a change of its own, told in the holder’s name': ({ at, before, credit }) =>
    !credit ||
    (credit.next.rev === before.rev + 1 &&
      credit.next.changedAt === at &&
      credit.next.tenure?.expiresAt !== before.tenure?.expiresAt &&
      credit.event.owner === before.tenure?.owner &&
      credit.event.fence === before.fence),
} as const satisfies Record<string, (step: CreditStep) => boolean>

export type Rule = keyof typeof rules | keyof typeof creditRules

const commandRuleNames = Object.keys(rules) as (keyof typeof rules)[] // The keys of the object above.
const creditRuleNames = Object.keys(creditRules) as (keyof typeof creditRules)[] // The same.
export const ruleNames: readonly Rule[] = [...commandRuleNames, ...creditRuleNames]

/** The rules that a decision breaks. */
export function findBrokenRules(lane: Lane | undefined, command: LaneCommand, now: number, decision: Decision): Rule[] {
  const before = lane ?? { fence: 0, rev: 0, tenure: undefined, last: undefined }
  const at = Math.max(now, lane?.changedAt ?? now)
  const step: Step = {
    command,
    at,
    before,
    live: before.tenure && before.tenure.expiresAt > at ? before.tenure : undefined,
    isHolder: before.tenure !== undefined && isSame(before.tenure, command),
    isOlder: 'fence' in command && command.fence !== undefined && command.fence < before.fence,
    decision,
    next: 'next' in decision ? decision.next : undefined,
  }
  return commandRuleNames.filter((name) => !rules[name](step))
}

/** The rules that a credit breaks, or one that was not given. */
export function findBrokenCreditRules(
  before: Lane,
  terms: CreditTerms,
  now: number,
  credit: ReturnType<typeof decideCredit>,
): Rule[] {
  const { tenure } = before
  const live = tenure && tenure.expiresAt > terms.aliveAt ? tenure : undefined
  const step: CreditStep = { at: Math.max(now, before.changedAt), terms, before, live, credit }
  return creditRuleNames.filter((name) => !creditRules[name](step))
}

function forgetEnd(tenure: Tenure | undefined) {
  return tenure && { ...tenure, expiresAt: 0 }
}

/** A tenure goes on only while it is live, for the same holder, from the same beginning. */
function isNewTenure({ live, next }: Step): boolean {
  if (!next?.tenure) return false
  return !live || !isSame(live, next.tenure) || live.claimedAt !== next.tenure.claimedAt
}

function hasWaitersAhead(command: LaneCommand): boolean {
  return command.kind === 'claim' && (command.waitersAhead ?? 0) > 0
}

function hasEnded(step: Step): boolean {
  return step.before.tenure !== undefined && (!step.next?.tenure || isNewTenure(step))
}

function isSame(one: Holder, other: Holder): boolean {
  return one.owner === other.owner && one.session === other.session
}
