import type * as z from 'zod'
import { toMoment } from '../../core/moment.ts'
import type { history, timeline } from './contract.ts'
import { type Lane, stateOf } from './decide.ts'
import type { RefusalRow } from './refusals-store.ts'
import type { lane as laneSchema, tenure } from './schemas.ts'
import type { LaneEventRow } from './store.ts'
import type { TenureSpan } from './timeline.ts'

export type WireLane = z.output<typeof laneSchema>
type WireRefusal = z.output<typeof timeline.output>['refusals'][number]
type WireLaneEvent = z.output<typeof history.output>['events'][number]

/** The lane as it is at `now`. The session stays inside: whoever knows it could act as its holder. */
export function toWireLane(lane: Lane, now: number, waiters: number): WireLane {
  const { name, fence, rev, tenure, last } = lane
  return {
    name,
    state: stateOf(lane, now),
    owner: tenure?.owner ?? null,
    note: tenure?.note ?? null,
    fence,
    rev,
    claimed_at: tenure ? toMoment(tenure.claimedAt) : null,
    renewed_at: tenure ? toMoment(tenure.renewedAt) : null,
    expires_at: tenure ? toMoment(tenure.expiresAt) : null,
    expires_in_ms: tenure ? Math.max(0, tenure.expiresAt - now) : null,
    waiters,
    lease_s: tenure ? tenure.leaseMs / 1000 : null,
    last_owner: last?.owner ?? null,
    last_fence: last?.fence ?? null,
    last_end: last?.end ?? null,
  }
}

/** The parts of a lane's text between which stands what changes with the time. */
const parts = new WeakMap<Lane, readonly [string, string, string]>()

/** The same as JSON. What does not change with the time is written once. */
export function writeLane(lane: Lane, now: number, waiters: number): string {
  let texts = parts.get(lane)
  if (!texts) {
    const { name, state: _, expires_in_ms: __, waiters: ___, ...rest } = toWireLane(lane, now, waiters)
    const { lease_s, last_owner, last_fence, last_end, ...tenure } = rest
    const inside = (fields: object) => JSON.stringify(fields).slice(1, -1)
    texts = [inside({ name }), inside(tenure), inside({ lease_s, last_owner, last_fence, last_end })]
    parts.set(lane, texts)
  }
  const left = lane.tenure ? Math.max(0, lane.tenure.expiresAt - now) : null
  return `{${texts[0]},"state":"${stateOf(lane, now)}",${texts[1]},"expires_in_ms":${left},"waiters":${waiters},${texts[2]}}`
}

export function toWireLaneEvent(row: LaneEventRow): WireLaneEvent {
  const { lane: _, from_owner, at, lease_ms, ...rest } = row
  return { ...rest, from: from_owner, at: toMoment(at), lease_s: lease_ms === null ? null : lease_ms / 1000 }
}

export function toWireTenure(span: TenureSpan): z.output<typeof tenure> {
  const { lane, owner, fence, beganAt, ending, leaseEndsAt, renewals, note = null, stolenFrom = null } = span
  return {
    lane,
    owner,
    fence,
    began_at: beganAt === undefined ? null : toMoment(beganAt),
    ended_at: ending ? toMoment(ending.at) : null,
    end: ending?.end ?? null,
    lease_ends_at: leaseEndsAt === undefined ? null : toMoment(leaseEndsAt),
    renewals,
    note,
    stolen_from: stolenFrom,
  }
}

export function toWireRefusal({ first_at, last_at, ...row }: RefusalRow): WireRefusal {
  return { ...row, first_at: toMoment(first_at), last_at: toMoment(last_at) }
}
