import { first, type Reader, sql } from '../../core/database.ts'
import type { LaneEvent } from './decide.ts'

/** What happened to one tenure inside a window. What of it lies before the window, or was swept, is null. */
export interface TenureEventsRow {
  lane: string
  fence: number
  /** Renewals and heartbeats; a renewal that began the tenure is among them. */
  renewals: number
  /** The first event. */
  opening_event: LaneEvent['kind']
  opening_at: number
  opening_owner: string
  opening_from: string | null
  /** The last event; the first one again when there is only one. */
  closing_event: LaneEvent['kind']
  closing_at: number
  closing_note: string | null
  /** The last event that granted or prolonged the lease. */
  granted_event: LaneEvent['kind'] | null
  granted_at: number | null
  granted_lease_ms: number | null
  granted_note: string | null
  /** The event of the lane before the first one. */
  earlier_event: LaneEvent['kind'] | null
  earlier_fence: number | null
  earlier_at: number | null
  earlier_owner: string | null
  earlier_lease_ms: number | null
  earlier_note: string | null
  /** The lane as it is now, while this is its tenure. */
  present_claimed_at: number | null
  present_expires_at: number | null
}

/** A tenure to which nothing happened inside the window. */
export interface IdleTenureRow {
  lane: string
  fence: number
  owner: string
  note: string | null
  expires_at: number
  changed_at: number
}

/** The moment from which on there are at most so many events of lanes; undefined when there are no more since `from`. */
export async function findBusyStart(reader: Reader, from: number, maxEvents: number): Promise<number | undefined> {
  const row = await first<{ at: number }>(
    reader,
    sql`select at from lane_events where at >= ${from} order by at desc limit 1 offset ${maxEvents}`,
  )
  return row && row.at + 1
}

/**
 * So many of the tenures to which anything happened since a moment, by lane and fence: those that go on, then those to
 * which it happened last.
 */
export function selectTenureEvents(reader: Reader, from: number, limit: number): Promise<TenureEventsRow[]> {
  return reader.all<TenureEventsRow>(sql`
    with happened as (
      select lane, fence, min(rev) as first_rev, max(rev) as last_rev, max(at) as last_at,
        sum(case when event in ('renew', 'heartbeat') then 1 else 0 end) as renewals
      from lane_events
      where at >= ${from}
      group by lane, fence
    ), newest as (
      select happened.lane, happened.fence, first_rev, last_rev, renewals, claimed_at, expires_at
      from happened left join lanes on name = happened.lane and lanes.fence = happened.fence and owner is not null
      order by case when name is null then 1 else 0 end, last_at desc, happened.lane, happened.fence desc
      limit ${limit}
    )
    select newest.lane, newest.fence, renewals,
      opening.event as opening_event, opening.at as opening_at, opening.owner as opening_owner,
      opening.from_owner as opening_from,
      closing.event as closing_event, closing.at as closing_at, closing.note as closing_note,
      granted.event as granted_event, granted.at as granted_at, granted.lease_ms as granted_lease_ms,
      granted.note as granted_note,
      earlier.event as earlier_event, earlier.fence as earlier_fence, earlier.at as earlier_at,
      earlier.owner as earlier_owner, earlier.lease_ms as earlier_lease_ms, earlier.note as earlier_note,
      claimed_at as present_claimed_at, expires_at as present_expires_at
    from newest
      join lane_events opening on opening.lane = newest.lane and opening.rev = first_rev
      join lane_events closing on closing.lane = newest.lane and closing.rev = last_rev
      left join lane_events granted on granted.lane = newest.lane
        and granted.rev = case when closing.event in ('release', 'clear') then last_rev - 1 else last_rev end
      left join lane_events earlier on earlier.lane = newest.lane and earlier.rev = first_rev - 1
    order by newest.lane, newest.fence
    limit ${limit}`)
}

/** Held and orphaned lanes to which nothing has happened since a moment, the last one that changed at the top. */
export function selectIdleTenures(reader: Reader, before: number, limit: number): Promise<IdleTenureRow[]> {
  return reader.all<IdleTenureRow>(sql`
    select name as lane, fence, owner, note, expires_at, changed_at from lanes
    where owner is not null and changed_at < ${before}
    order by changed_at desc, name
    limit ${limit}`)
}
