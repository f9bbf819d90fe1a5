import type { Call, Fail, Handler } from '../../core/capability.ts'
import type { Context } from '../../core/context.ts'
import type { Transaction } from '../../core/database.ts'
import { commonError } from '../../core/errors.ts'
import { toMoment } from '../../core/moment.ts'
import { appendSystemMessage } from '../messages/index.ts'
import type * as contract from './contract.ts'
import { type Decision, decide, type Lane, type LaneCommand, unclaimed } from './decide.ts'
import { claimInTurn, toChannel } from './queue.ts'
import { countWaiters, deleteWaiter, selectWaiterCounts } from './queue-store.ts'
import {
  describeDeadlock,
  describeHeld,
  describeLoss,
  describeLost,
  describeNow,
  describeQueued,
  describeUnknown,
  refusalDetails,
} from './refusal.ts'
import { findLane, insertLaneEvent, selectLaneEvents, selectLanes, upsertLane } from './store.ts'
import { toWireLane, toWireLaneEvent, type WireLane } from './wire.ts'

export const claim: Handler<typeof contract.claim> = (call) => {
  const { input, context, fail } = call
  if (input.wait_s === 0) return claimNow(call)
  const { lane, owner, session } = input
  return claimInTurn({
    context,
    lane,
    holder: { owner, session },
    waitMs: input.wait_s * 1000,
    attempt: () => claimNow(call),
    undo: (answer) =>
      context.database.write((transaction) =>
        change(transaction, context, lane, { kind: 'release', owner, session, fence: answer.lane.fence }),
      ),
    failDeadlock: (cycle) => fail('would_deadlock', describeDeadlock(cycle), { cycle: [...cycle] }),
  })
}

function claimNow({ input, context, fail }: Call<typeof contract.claim>) {
  const lease = clampLease(input.lease_s, context)
  const { owner, session, note } = input
  const command: LaneCommand = { kind: 'claim', owner, session, note, leaseMs: lease.leaseMs }
  return context.write(
    async (transaction) => {
      // Nothing is granted to one that has gone while it waited.
      if (context.signal.aborted) throw commonError('request_cancelled')
      const { before, decision, lane } = await change(transaction, context, input.lane, command)
      switch (decision.outcome) {
        case 'claim':
        case 'steal':
        case 'renew':
          return {
            ok: true as const,
            decision: decision.outcome,
            lane,
            ...lease.wire,
            ...(decision.outcome === 'steal' && before?.tenure ? { stolen_from: before.tenure.owner } : {}),
            ...(decision.lapsed ? { lapsed: true } : {}),
          }
        default:
          throw decision.outcome === 'refused' && decision.refusal === 'lane_queued'
            ? fail('lane_queued', describeQueued(lane), refusalDetails(lane))
            : fail('lane_held', describeHeld(lane), refusalDetails(lane))
      }
    },
    (answer, transaction) => confirmTenure(transaction, answer, fail),
  )
}

export const heartbeat: Handler<typeof contract.heartbeat> = ({ input, context, fail }) => {
  const lease = clampLease(input.lease_s, context)
  const { owner, session, fence } = input
  const command: LaneCommand = { kind: 'heartbeat', owner, session, fence, leaseMs: lease.leaseMs }
  return context.write(
    async (transaction) => {
      const { decision, lane } = await change(transaction, context, input.lane, command)
      if (decision.outcome === 'heartbeat') {
        return { ok: true as const, decision: 'heartbeat' as const, lane, ...lease.wire }
      }
      if (decision.outcome === 'refused' && decision.refusal === 'lease_lost') {
        throw fail('lease_lost', describeLost(lane, fence), refusalDetails(lane))
      }
      const message = `lane '${lane.name}' not held live by '${owner}' -- claim it instead (${describeLoss(lane, owner)})`
      throw fail('lane_not_held', message, refusalDetails(lane))
    },
    (answer, transaction) => confirmTenure(transaction, answer, fail),
  )
}

export const release: Handler<typeof contract.release> = ({ input, context, fail }) =>
  context.write(async (transaction) => {
    const { owner, session, fence } = input
    const { decision, lane } = await change(transaction, context, input.lane, {
      kind: 'release',
      owner,
      session,
      fence,
    })
    if (decision.outcome === 'refused') {
      const message = `lane '${lane.name}' held live by another owner (${describeNow(lane)})`
      throw fail('lane_held', message, refusalDetails(lane))
    }
    const already = decision.outcome === 'unchanged' ? { already: true } : {}
    return { ok: true as const, decision: 'released' as const, lane, ...already }
  })

export const get: Handler<typeof contract.get> = ({ input, context, fail }) =>
  context.database.read(async (reader) => {
    const lane = await findLane(reader, input.lane)
    if (!lane) throw fail('lane_not_found', describeUnknown(input.lane))
    const now = await reader.now()
    const waiters = await countWaiters(reader, lane.name, now)
    return { lane: toWireLane(lane, now, waiters), server_time: toMoment(now) }
  })

export const list: Handler<typeof contract.list> = ({ input, context }) =>
  context.database.read(async (reader) => {
    const now = await reader.now()
    const { state, owner, after, limit } = input
    // One more than the page, to know whether there is a next one.
    const found = await selectLanes(reader, { state, owner, after, limit: limit + 1 }, now)
    const page = found.slice(0, limit)
    const waiters = await selectWaiterCounts(reader, now)
    return {
      lanes: page.map((lane) => toWireLane(lane, now, waiters.get(lane.name) ?? 0)),
      next_after: found.length > limit ? (page.at(-1)?.name ?? null) : null,
      server_time: toMoment(now),
    }
  })

export const history: Handler<typeof contract.history> = ({ input, context, fail }) =>
  context.database.read(async (reader) => {
    const lane = await findLane(reader, input.lane)
    if (!lane) throw fail('lane_not_found', describeUnknown(input.lane))
    const events = await selectLaneEvents(reader, lane.name, input.before_rev ?? lane.rev + 1, input.limit)
    return { lane: lane.name, events: events.map(toWireLaneEvent) }
  })

/** One step of a lane: lock, decide, keep, and tell its history and its queue, in one transaction. */
async function change(
  transaction: Transaction,
  { requestId }: Context,
  name: string,
  command: LaneCommand,
): Promise<{ before: Lane | undefined; decision: Decision; lane: WireLane }> {
  const before = await findLane(transaction, name)
  const now = await transaction.now()
  const decision = decide(name, before, await placeInQueue(transaction, name, command, now), now)
  if ('next' in decision) {
    await upsertLane(transaction, decision.next)
    await insertLaneEvent(transaction, decision.next, decision.event, requestId)
    if (command.kind === 'claim') await deleteWaiter(transaction, name, command)
    if (decision.outcome === 'steal') await tellRobbed(transaction, name, decision)
    if (command.kind === 'release') transaction.notify(toChannel(name))
  }
  const after = 'next' in decision ? decision.next : (before ?? unclaimed(name, decision.at))
  const waiters = await countWaiters(transaction, name, now)
  return { before, decision, lane: toWireLane(after, decision.at, waiters) }
}

/** Whoever lost a lane while it slept finds out where it looks: on the blackboard. */
async function tellRobbed(
  transaction: Transaction,
  name: string,
  { event, next, at }: Extract<Decision, { next: Lane }>,
) {
  if (event.from === undefined) return
  const body = `lane '${name}' was taken over by '${event.owner}' at ${toMoment(at)}, for your lease had lapsed; your tenure ${next.fence - 1} is over`
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
async function confirmTenure<Answer extends { lane: WireLane }>(
  transaction: Transaction,
  answer: Answer,
  fail: Fail<{ readonly lease_lost: typeof contract.lost }>,
): Promise<Answer> {
  const { name, fence } = answer.lane
  const now = await transaction.now()
  const waiters = await countWaiters(transaction, name, now)
  const lane = toWireLane((await findLane(transaction, name)) ?? unclaimed(name, now), now, waiters)
  if (lane.state !== 'held' || lane.fence !== fence) {
    throw fail('lease_lost', describeLost(lane, fence), refusalDetails(lane))
  }
  return { ...answer, lane }
}

function clampLease(requestedSeconds: number, { settings }: Context) {
  const requestedMs = Math.round(requestedSeconds * 1000)
  const leaseMs = Math.min(Math.max(requestedMs, settings.minLeaseMs), settings.maxLeaseMs)
  const clamped = leaseMs !== requestedMs
  return {
    leaseMs,
    wire: { lease_s: leaseMs / 1000, ...(clamped ? { requested_lease_s: requestedSeconds, clamped } : {}) },
  }
}
