import type { Fail } from '../../core/capability.ts'
import type { Context } from '../../core/context.ts'
import type { Reader, Transaction } from '../../core/database.ts'
import { toMoment } from '../../core/moment.ts'
import { appendEvent, appendSystemMessage } from '../log/index.ts'
import { assertStep } from './assert-step.ts'
import { rememberTenure } from './counts.ts'
import {
  type Decision,
  decide,
  type Holder,
  isHeldByTwin,
  type Lane,
  type LaneCommand,
  type LaneEvent,
  unclaimed,
} from './decide.ts'
import { wakeNext } from './queue.ts'
import { countWaiters, deleteWaiter, mayHaveQueue } from './queue-store.ts'
import { describeLost, describeNotTheirs, nameHolder, refusalDetails } from './refusal.ts'
import type { lost } from './schemas.ts'
import { findLane, insertLaneEvent, upsertLane } from './store.ts'
import { toWireLane, type WireLane } from './wire.ts'

export interface Change {
  readonly before: Lane | undefined
  readonly decision: Decision
  /** As it stands after the decision. */
  readonly lane: WireLane
  /** Another process of the same name has it. */
  readonly byTwin: boolean
}

/** What a claim that was granted answers; undefined when it was not. */
export function toGrant({ before, decision, lane }: Change) {
  switch (decision.outcome) {
    case 'claim':
    case 'steal':
    case 'renew':
      return {
        decision: decision.outcome,
        lane,
        ...(decision.outcome === 'steal' && before?.tenure ? { stolen_from: before.tenure.owner } : {}),
        ...(decision.lapsed ? { lapsed: true } : {}),
      }
    default:
      return undefined
  }
}

export function isQueued(decision: Decision): boolean {
  return decision.outcome === 'refused' && decision.refusal === 'lane_queued'
}

/**
 * One step of a lane: lock, decide, keep, and tell its history and its queue, in one transaction.
 *
 * @param rule For tests: a wrong one in place of the rule.
 */
export async function change(
  transaction: Transaction,
  { requestId }: Context,
  name: string,
  command: LaneCommand,
  rule: typeof decide = decide,
): Promise<Change> {
  const before = await findLane(transaction, name)
  const now = await transaction.now()
  const hasQueue = await mayHaveQueue(transaction, name)
  const place = hasQueue ? await placeInQueue(transaction, name, command, now) : command
  const decision = rule(name, before, place, now)
  if ('next' in decision) {
    await keepChange(transaction, before, decision, now, requestId)
    rememberTenure(transaction, before, decision.next)
    if (decision.outcome === 'steal') await tellRobbed(transaction, name, decision)
    if (hasQueue && command.kind === 'claim') await deleteWaiter(transaction, name, command)
    if (hasQueue && command.kind === 'release') await wakeNext(transaction, name, now)
  }
  const after = 'next' in decision ? decision.next : (before ?? unclaimed(name, decision.at))
  const waiters = hasQueue ? await countWaiters(transaction, name, now) : 0
  const lane = toWireLane(after, decision.at, waiters)
  return { before, decision, lane, byTwin: isHeldByTwin(after, command) }
}

/**
 * Keeps a changed lane, and tells its history and those who follow what happens.
 *
 * @throws {InvariantViolation} When the change is one that nothing may bring about.
 */
export async function keepChange(
  transaction: Transaction,
  before: Lane | undefined,
  { next, event }: { readonly next: Lane; readonly event: LaneEvent },
  now: number,
  requestId: string,
): Promise<void> {
  assertStep(before, next, event.owner, now)
  await upsertLane(transaction, next)
  await insertLaneEvent(transaction, next, event, requestId)
  await appendEvent(transaction, 'lane', next.name, next.rev, next.changedAt)
}

/** Whoever lost a lane while it slept finds out where it looks: on the blackboard. */
async function tellRobbed(
  transaction: Transaction,
  name: string,
  { event, next, at }: Extract<Decision, { next: Lane }>,
) {
  if (event.from === undefined) return
  const robber = nameHolder(event.owner, event.owner === event.from)
  const body = `lane '${name}' was taken over by ${robber} at ${toMoment(at)}, for your lease had lapsed; your tenure ${next.fence - 1} is over`
  await appendSystemMessage(transaction, { topic: `lane:${name}`.slice(0, 128), body, recipient: event.from })
}

async function placeInQueue(
  transaction: Transaction,
  name: string,
  command: LaneCommand,
  now: number,
): Promise<LaneCommand> {
  if (command.kind !== 'claim') return command
  return { ...command, waitersAhead: await countWaiters(transaction, name, now, command) }
}

/**
 * What an earlier grant is worth to a retry: the tenure as it stands now, or a refusal when it is over. Never a stale yes.
 *
 * @throws {AppError} `lease_lost`.
 */
export async function confirmTenure<Answer extends { lane: WireLane }>(
  transaction: Transaction,
  answer: Answer,
  fail: Fail<{ readonly lease_lost: typeof lost }>,
): Promise<Answer> {
  const { name, fence } = answer.lane
  const lane = await viewLane(transaction, name)
  if (lane.state !== 'held' || lane.fence !== fence) {
    throw fail('lease_lost', describeLost(lane, fence), refusalDetails(lane))
  }
  return { ...answer, lane }
}

/**
 * Refuses whoever does not hold the lane live under this fence.
 *
 * @throws {AppError} `lease_lost`.
 */
export async function requireTenure(
  transaction: Transaction,
  { lane: name, fence, ...holder }: Holder & { readonly lane: string; readonly fence: number },
  fail: Fail<{ readonly lease_lost: typeof lost }>,
): Promise<void> {
  const lane = await viewLane(transaction, name)
  const isCurrent = lane.state === 'held' && lane.fence === fence
  // A command that `bus-mcp run` started knows the fence, and not the session.
  const { session = undefined } = (await findLane(transaction, name))?.tenure ?? {}
  const byTwin = lane.owner === holder.owner && holder.session !== undefined && holder.session !== session
  if (isCurrent && lane.owner === holder.owner && !byTwin) return
  const message = isCurrent ? describeNotTheirs(lane, fence, holder.owner, byTwin) : describeLost(lane, fence, byTwin)
  throw fail('lease_lost', message, refusalDetails(lane))
}

/** A lane as it stands now, also before its first claim. */
export async function viewLane(reader: Reader, name: string): Promise<WireLane> {
  const now = await reader.now()
  const waiters = await countWaiters(reader, name, now)
  return toWireLane((await findLane(reader, name)) ?? unclaimed(name, now), now, waiters)
}

export function clampLease(requestedSeconds: number, { settings }: Context) {
  const requestedMs = Math.round(requestedSeconds * 1000)
  const leaseMs = Math.min(Math.max(requestedMs, settings.minLeaseMs), settings.maxLeaseMs)
  const clamped = leaseMs !== requestedMs
  return {
    leaseMs,
    wire: { lease_s: leaseMs / 1000, ...(clamped ? { requested_lease_s: requestedSeconds, clamped } : {}) },
  }
}
