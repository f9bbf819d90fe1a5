import { sql } from '../../core/database.ts'
import type { Invariant } from '../../core/invariant.ts'
import { MAX_CREDIT_MS } from './credit.ts'

/** For how long a line of the history granted the lane. */
const GRANTED_MS = sql`case when event = 'credit' and lease_ms > ${MAX_CREDIT_MS} then ${MAX_CREDIT_MS} else lease_ms end`

/** Each line of a lane's history beside the one before. */
const STEPS = sql`
  select lane, rev, event, fence, at,
    lag(rev) over history as last_rev, lag(event) over history as last_event, lag(fence) over history as last_fence,
    lag(at) over history as last_at, lag(at + ${GRANTED_MS}) over history as last_end
  from lane_events
  window history as (partition by lane order by rev)`

const history: readonly Invariant[] = [
  {
    name: 'lanes.history-order',
    holds:
      'in each lane the revs rise by one, the moments never fall, and the fence rises by one with each tenure alone',
    table: 'lane_events',
    violations: sql`
      select lane, rev, fence, last_rev, last_fence from (${STEPS}) as steps
      where rev <> last_rev + 1
        or at < last_at
        or (event in ('claim', 'steal') and fence <> last_fence + 1)
        or (event = 'renew' and fence not in (last_fence, last_fence + 1))
        or (event not in ('claim', 'steal', 'renew') and fence <> last_fence)
        or fence > rev
        or fence < 1
      order by lane, rev`,
  },
  {
    name: 'lanes.one-owner',
    holds: 'each fence of a lane has one owner',
    table: 'lane_events',
    violations: sql`
      select lane, fence, count(distinct owner) as owners from lane_events
      where event <> 'clear'
      group by lane, fence
      having count(distinct owner) > 1
      order by lane, fence`,
  },
  {
    name: 'lanes.one-holder',
    holds: 'no tenure began, and none was cleared, while another was live',
    table: 'lane_events',
    violations: sql`
      select lane, rev, fence, at, last_end from (${STEPS}) as steps
      where (event = 'claim' and last_event not in ('release', 'clear'))
        or (
          (event in ('steal', 'clear') or (event = 'renew' and fence > last_fence))
          and (last_event in ('release', 'clear') or at < last_end)
        )
      order by lane, rev`,
  },
  {
    name: 'lanes.events',
    holds:
      'each event of a lane names a line of its history and its moment, and each line after the first one so named has one',
    table: 'lane_events',
    violations: sql`
      select lane, rev, told from (
        select subject as lane, ref as rev, 1 as told
        from events left join lane_events on lane = subject and rev = ref
        where kind = 'lane' and (lane is null or lane_events.at <> events.at)
        union all
        select subject, ref, count(*) from events where kind = 'lane' group by subject, ref having count(*) > 1
        union all
        select lane_events.lane, rev, 0
        from lane_events
          join (select subject, min(ref) as ref from events where kind = 'lane' group by subject) as oldest
            on oldest.subject = lane
          left join events on kind = 'lane' and events.subject = lane and events.ref = rev
        where rev > oldest.ref and events.id is null
      ) as strays
      order by lane, rev`,
  },
]

const rows: readonly Invariant[] = [
  {
    name: 'lanes.newest-line',
    holds: 'each is as the newest line of its history left it',
    table: 'lanes',
    violations: sql`
      with newest as (
        select lane_events.*, at + ${GRANTED_MS} as ends_at
        from lane_events join (select lane as name, max(rev) as last_rev from lane_events group by lane) as ends
          on lane = name and rev = last_rev
      )
      select coalesce(name, lane) as lane, lanes.rev as rev, newest.rev as line
      from lanes left join newest on lane = name
      where (lane is null and (select floor_id from event_bounds) = 0)
        or newest.rev <> lanes.rev
        or newest.fence <> lanes.fence
        or at <> changed_at
        or (lanes.owner is null) <> (event in ('release', 'clear'))
        or newest.owner <> case when event in ('release', 'clear') then newest.owner else lanes.owner end
        or newest.lease_ms <> lanes.lease_ms
        or ends_at <> expires_at
      order by 1`,
  },
  {
    name: 'lanes.lines-of-lanes',
    holds: 'each line is of a lane that is there',
    table: 'lane_events',
    violations: sql`
      select lane, rev from lane_events
      where lane not in (select name from lanes)
      order by lane, rev`,
  },
  {
    name: 'lanes.tenures',
    holds: 'each has a whole tenure or none, in the order of its moments, and the one before it under the fence before',
    table: 'lanes',
    violations: sql`
      select name as lane, rev, fence from lanes
      where fence < 1 or rev < fence
        or (owner is null) <> (claimed_at is null)
        or (owner is null) <> (renewed_at is null)
        or (owner is null) <> (expires_at is null)
        or (owner is null) <> (lease_ms is null)
        or claimed_at > renewed_at or renewed_at > changed_at or expires_at < changed_at or lease_ms <= 0
        or (last_owner is null) <> (last_fence is null)
        or (last_owner is null) <> (last_end is null)
        or (owner is null and (last_fence is null or last_fence <> fence or last_end not in ('released', 'cleared')))
        or (owner is not null and last_fence <> fence - 1)
        or (owner is not null and fence > 1 and last_fence is null)
      order by name`,
  },
  {
    name: 'lanes.tenure-count',
    holds: 'as many are held or orphaned as the status tells',
    table: 'lanes',
    violations: sql`
      select told, kept from (
        select
          (select count(*) from lanes where owner is not null) as told,
          (select coalesce(sum(case when owner is not null then 1 else 0 end), 0) from lanes) as kept
      ) as counted
      where told <> kept
      order by told`,
  },
  {
    name: 'lanes.queues',
    holds: 'no two have one place, and none is kept for less long than it is there',
    table: 'lane_waiters',
    violations: sql`
      select lane, ticket, count(*) as waiters from lane_waiters
      group by lane, ticket
      having count(*) > 1 or max(present_until - kept_until) > 0 or min(ticket) < 1
      order by lane, ticket`,
  },
  {
    name: 'lanes.refusals',
    holds: 'each was counted at least once, in a span of time, at a tenure that there was',
    table: 'lane_refusals',
    // An earlier version read the stopwatch once for each, and one that came once may have its last moment before its first.
    violations: sql`
      select lane, lane_refusals.fence, count from lane_refusals left join lanes on name = lane
      where count < 1 or first_at > last_at + 1000 or lane_refusals.fence > coalesce(lanes.fence, 0)
      order by lane, lane_refusals.fence`,
  },
]

export const invariants: readonly Invariant[] = [...history, ...rows]
