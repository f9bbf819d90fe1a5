import type { Handler } from '../../core/capability.ts'
import type { Context } from '../../core/context.ts'
import { toMoment, toSeconds } from '../../core/moment.ts'
import type * as contract from './contract.ts'
import { type Decision, decide, type Lane, type LaneCommand, unclaimed } from './decide.ts'
import { findLane, insertLaneEvent, selectLaneEvents, selectLanes, upsertLane } from './store.ts'
import { toWireLane, toWireLaneEvent, type WireLane } from './wire.ts'

export const claim: Handler<typeof contract.claim> = async ({ input, context, fail }) => {
  const lease = clampLease(input.lease_s, context)
  const { before, decision, lane } = await change(context, input.lane, {
    kind: 'claim',
    owner: input.owner,
    session: input.session,
    note: input.note,
    leaseMs: lease.leaseMs,
  })
  if (decision.outcome !== 'claim' && decision.outcome !== 'steal' && decision.outcome !== 'renew') {
    throw fail('lane_held', describeHeld(lane), refusalDetails(lane))
  }
  return {
    ok: true,
    decision: decision.outcome,
    lane,
    ...lease.wire,
    ...(decision.outcome === 'steal' && before?.tenure ? { stolen_from: before.tenure.owner } : {}),
    ...(decision.lapsed ? { lapsed: true } : {}),
  }
}

export const heartbeat: Handler<typeof contract.heartbeat> = async ({ input, context, fail }) => {
  const lease = clampLease(input.lease_s, context)
  const { decision, lane } = await change(context, input.lane, {
    kind: 'heartbeat',
    owner: input.owner,
    session: input.session,
    fence: input.fence,
    leaseMs: lease.leaseMs,
  })
  if (decision.outcome === 'heartbeat') return { ok: true, decision: 'heartbeat', lane, ...lease.wire }
  if (decision.outcome === 'refused' && decision.refusal === 'lease_lost') {
    const message = `lane '${lane.name}' tenure ${input.fence} ${(input.fence ?? 0) > lane.fence ? 'was never granted' : 'is over'} -- ${describeNow(lane)}`
    throw fail('lease_lost', message, refusalDetails(lane))
  }
  const message = `lane '${lane.name}' not held live by '${input.owner}' -- claim it instead (${describeNow(lane)})`
  throw fail('lane_not_held', message, refusalDetails(lane))
}

export const release: Handler<typeof contract.release> = async ({ input, context, fail }) => {
  const { decision, lane } = await change(context, input.lane, {
    kind: 'release',
    owner: input.owner,
    session: input.session,
    fence: input.fence,
  })
  if (decision.outcome === 'refused') {
    throw fail(
      'lane_held',
      `lane '${lane.name}' held live by another owner (${describeNow(lane)})`,
      refusalDetails(lane),
    )
  }
  return { ok: true, decision: 'released', lane, ...(decision.outcome === 'unchanged' ? { already: true } : {}) }
}

export const get: Handler<typeof contract.get> = ({ input, context, fail }) =>
  context.database.read(async (reader) => {
    const lane = await findLane(reader, input.lane)
    if (!lane) throw fail('lane_not_found', describeUnknown(input.lane))
    const now = await reader.now()
    return { lane: toWireLane(lane, now), server_time: toMoment(now) }
  })

export const list: Handler<typeof contract.list> = ({ input, context }) =>
  context.database.read(async (reader) => {
    const now = await reader.now()
    const { state, owner, after, limit } = input
    // One more than the page, to know whether there is a next one.
    const found = await selectLanes(reader, { state, owner, after, limit: limit + 1 }, now)
    const page = found.slice(0, limit)
    return {
      lanes: page.map((lane) => toWireLane(lane, now)),
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

/** One step of a lane: lock, decide, keep, and tell its history, in one transaction. */
function change(
  context: Context,
  name: string,
  command: LaneCommand,
): Promise<{ before: Lane | undefined; decision: Decision; lane: WireLane }> {
  return context.database.write(async (transaction) => {
    const before = await findLane(transaction, name)
    const decision = decide(name, before, command, await transaction.now())
    if (!('next' in decision)) {
      return { before, decision, lane: toWireLane(before ?? unclaimed(name, decision.at), decision.at) }
    }
    await upsertLane(transaction, decision.next)
    await insertLaneEvent(transaction, decision.next, decision.event, context.requestId)
    return { before, decision, lane: toWireLane(decision.next, decision.at) }
  })
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

/** What every refusal carries: how the lane stands, and how long until it can be claimed; 0 when it can at once. */
function refusalDetails(lane: WireLane): { lane: WireLane; retry_after_ms: number } {
  return { lane, retry_after_ms: lane.expires_in_ms ?? 0 }
}

function describeHeld(lane: WireLane): string {
  return `lane '${lane.name}' ${describeNow(lane)}`
}

/** How the lane stands, as every refusal tells it. Without the owner's note: that is data, not the bus's own words. */
function describeNow({ state, owner, expires_in_ms, expires_at, last_owner, last_end }: WireLane): string {
  switch (state) {
    case 'held':
      return `held by '${owner}' (lease ${toSeconds(expires_in_ms ?? 0)}s remaining)`
    case 'orphaned':
      return `the lease of '${owner}' lapsed at ${expires_at}`
    case 'free':
      return last_owner === null ? 'never claimed' : `free; '${last_owner}' held it last, until it was ${last_end}`
  }
}

function describeUnknown(name: string): string {
  return `lane '${name}' was never claimed -- claiming it makes it`
}
