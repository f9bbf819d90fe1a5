import type { Call, Handler } from '../../core/capability.ts'
import { commonError } from '../../core/errors.ts'
import { toMoment } from '../../core/moment.ts'
import { type Change, change, clampLease, confirmTenure, isQueued, toGrant, viewLane } from './change.ts'
import type * as contract from './contract.ts'
import { MAX_CREDIT_MS } from './credit.ts'
import type { LaneCommand } from './decide.ts'
import { claimInTurn } from './queue.ts'
import { countWaiters, selectWaiterCounts } from './queue-store.ts'
import {
  describeConflicts,
  describeDeadlock,
  describeHeld,
  describeHeldLive,
  describeLoss,
  describeLost,
  describeQueued,
  describeUnknown,
  refusalDetails,
} from './refusal.ts'
import { selectRefusalsOfLane, selectRefusalsSince } from './refusals-store.ts'
import { findLane, selectLaneEvents, selectLanes } from './store.ts'
import { takeNewest, toSpans } from './timeline.ts'
import { findBusyStart, selectIdleTenures, selectTenureEvents } from './timeline-store.ts'
import { toWireLane, toWireLaneEvent, toWireRefusal, toWireTenure } from './wire.ts'

/** How many events a timeline looks at, the newest: a quarter of a second's work for SQLite, in which nobody else is served. */
const MAX_TIMELINE_EVENTS = 100_000

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
    undo: async (answer) => {
      // With a key the caller asks again, and may have been told yes by another bus already.
      if (context.idempotencyKey !== undefined) return
      const { fence, rev } = answer.lane
      await context.database.write(async (transaction) => {
        // Else the same holder has asked again meanwhile and was told yes, under the same fence.
        if ((await findLane(transaction, lane))?.rev !== rev) return
        await change(transaction, context, lane, { kind: 'release', owner, session, fence })
      })
    },
    failDeadlock: async (cycle, transaction) =>
      fail('would_deadlock', describeDeadlock(cycle), {
        yours: cycle.find(({ held_by }) => held_by === owner)?.lane,
        cycle: [...cycle],
        lane: await viewLane(transaction, lane),
      }),
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
      const changed = await change(transaction, context, input.lane, command)
      const { decision, lane } = changed
      const grant = toGrant(changed)
      if (grant) return { ok: true as const, ...grant, ...lease.wire }
      throw isQueued(decision)
        ? fail('lane_queued', describeQueued(lane), refusalDetails(lane))
        : fail('lane_held', describeHeld(changed), refusalDetails(lane))
    },
    { recall: (answer, transaction) => confirmTenure(transaction, answer, fail) },
  )
}

export const heartbeat: Handler<typeof contract.heartbeat> = ({ input, context, fail }) => {
  const lease = clampLease(input.lease_s, context)
  const { owner, session, fence } = input
  const command: LaneCommand = { kind: 'heartbeat', owner, session, fence, leaseMs: lease.leaseMs }
  return context.write(
    async (transaction) => {
      const { decision, lane, byTwin } = await change(transaction, context, input.lane, command)
      if (decision.outcome === 'heartbeat') {
        return { ok: true as const, decision: 'heartbeat' as const, lane, ...lease.wire }
      }
      if (decision.outcome === 'refused' && decision.refusal === 'lease_lost') {
        throw fail('lease_lost', describeLost(lane, fence, byTwin), refusalDetails(lane))
      }
      const message = `lane '${lane.name}' not held live by '${owner}' -- claim it instead (${describeLoss(lane, owner, byTwin)})`
      throw fail('lane_not_held', message, refusalDetails(lane))
    },
    { recall: (answer, transaction) => confirmTenure(transaction, answer, fail) },
  )
}

export const release: Handler<typeof contract.release> = ({ input, context, fail }) =>
  context.write(async (transaction) => {
    const { owner, session, fence, note } = input
    const command: LaneCommand = { kind: 'release', owner, session, fence, note }
    const changed = await change(transaction, context, input.lane, command)
    const { decision, lane, byTwin } = changed
    if (decision.outcome === 'refused') {
      throw decision.refusal === 'lease_lost'
        ? fail('lease_lost', describeLost(lane, fence, byTwin), refusalDetails(lane))
        : fail('lane_held', describeHeldLive(changed), refusalDetails(lane))
    }
    const already = decision.outcome === 'unchanged' ? { already: true } : {}
    return { ok: true as const, decision: 'released' as const, lane, ...already }
  })

export const claimAll: Handler<typeof contract.claimAll> = ({ input, context, fail }) => {
  const lease = clampLease(input.lease_s, context)
  const { owner, session, note } = input
  const command: LaneCommand = { kind: 'claim', owner, session, note, leaseMs: lease.leaseMs }
  // In one order for everybody, so that two sets never wait for each other on an engine that locks row by row.
  const names = [...new Set(input.lanes)].sort()
  return context.write(
    async (transaction) => {
      const changes: Change[] = []
      for (const name of names) changes.push(await change(transaction, context, name, command))
      const conflicts = changes.filter((changed) => !toGrant(changed))
      if (conflicts.length > 0) {
        const lanes = conflicts.map(({ lane }) => lane)
        const retryAfterMs = Math.max(...lanes.map(({ expires_in_ms }) => expires_in_ms ?? 0))
        throw fail('lanes_held', describeConflicts(conflicts), { lanes, retry_after_ms: retryAfterMs })
      }
      return { ok: true as const, lanes: changes.flatMap((changed) => toGrant(changed) ?? []), ...lease.wire }
    },
    {
      recall: async (answer, transaction) => {
        const lanes = []
        for (const grant of answer.lanes) lanes.push(await confirmTenure(transaction, grant, fail))
        return { ...answer, lanes }
      },
    },
  )
}

export const verify: Handler<typeof contract.verify> = ({ input, context }) =>
  context.database.read(async (reader) => {
    const lane = await viewLane(reader, input.lane)
    const serverTime = toMoment(await reader.now())
    return { valid: lane.state === 'held' && lane.fence === input.fence, lane, server_time: serverTime }
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
    const refusals = await selectRefusalsOfLane(reader, lane.name, input.limit)
    return { lane: lane.name, events: events.map(toWireLaneEvent), refusals: refusals.map(toWireRefusal) }
  })

export const timeline: Handler<typeof contract.timeline> = ({ input, context }) =>
  context.database.read(async (reader) => {
    const { window_s, limit } = input
    const now = await reader.now()
    const asked = now - window_s * 1000
    const busyStart = await findBusyStart(reader, asked, MAX_TIMELINE_EVENTS)
    const from = busyStart ?? asked
    // One more than there is room for, to know whether any is left out.
    const rows = await selectTenureEvents(reader, from, limit + 1)
    const idle = await selectIdleTenures(reader, from, limit + 1)
    const refusals = await selectRefusalsSince(reader, from, limit + 1)
    const spans = toSpans(rows, idle, { from, maxCreditMs: MAX_CREDIT_MS })
    return {
      from: toMoment(from),
      until: toMoment(now),
      tenures: takeNewest(spans, limit).map(toWireTenure),
      refusals: refusals.slice(0, limit).map(toWireRefusal),
      truncated: Math.max(spans.length, refusals.length) > limit || busyStart !== undefined,
    }
  })
