import { defineAppend } from '../../core/append.ts'
import {
  allOf,
  first,
  listOf,
  type Reader,
  type Sql,
  single,
  sql,
  type Transaction,
  textsOf,
} from '../../core/database.ts'
import type { Lane, LaneEvent, LaneState, TenureEnd } from './decide.ts'

interface LaneRow {
  name: string
  fence: number
  rev: number
  owner: string | null
  session: string | null
  note: string | null
  claimed_at: number | null
  renewed_at: number | null
  expires_at: number | null
  lease_ms: number | null
  changed_at: number
  last_owner: string | null
  last_fence: number | null
  last_end: TenureEnd | null
}

/** Who holds a lane, and since when. */
export interface TenureRow {
  name: string
  owner: string
  claimed_at: number
}

export interface LaneEventRow {
  lane: string
  rev: number
  event: LaneEvent['kind']
  owner: string
  from_owner: string | null
  fence: number
  at: number
  lease_ms: number | null
  note: string | null
  request_id: string
}

/** What names one event. */
export interface LaneEventKey {
  readonly lane: string
  readonly rev: number
}

export interface ContendedLane {
  readonly lane: Lane
  readonly since: number
}

export interface LaneFilter {
  readonly state: LaneState | undefined
  readonly owner: string | undefined
  readonly after: string | undefined
  readonly limit: number
}

const LANE_COLUMNS = sql`name, fence, rev, owner, session, note, claimed_at, renewed_at, expires_at, lease_ms,
  changed_at, last_owner, last_fence, last_end`

const LANE_EVENT_COLUMNS = sql`lane, rev, event, owner, from_owner, fence, at, lease_ms, note, request_id`

export async function findLane(reader: Reader, name: string): Promise<Lane | undefined> {
  const row = await first<LaneRow>(reader, sql`select ${LANE_COLUMNS} from lanes where name = ${name}`)
  return row && toLane(row)
}

export async function upsertLane(transaction: Transaction, lane: Lane): Promise<void> {
  const { tenure, last } = lane
  await transaction.run(sql`
    insert into lanes (${LANE_COLUMNS})
    values (
      ${lane.name}, ${lane.fence}, ${lane.rev}, ${tenure?.owner ?? null}, ${tenure?.session ?? null},
      ${tenure?.note ?? null}, ${tenure?.claimedAt ?? null}, ${tenure?.renewedAt ?? null},
      ${tenure?.expiresAt ?? null}, ${tenure?.leaseMs ?? null}, ${lane.changedAt},
      ${last?.owner ?? null}, ${last?.fence ?? null}, ${last?.end ?? null}
    )
    on conflict (name) do update set
      fence = excluded.fence, rev = excluded.rev, owner = excluded.owner, session = excluded.session,
      note = excluded.note, claimed_at = excluded.claimed_at, renewed_at = excluded.renewed_at,
      expires_at = excluded.expires_at, lease_ms = excluded.lease_ms, changed_at = excluded.changed_at,
      last_owner = excluded.last_owner, last_fence = excluded.last_fence, last_end = excluded.last_end`)
}

const LANE_EVENTS = defineAppend('lane_events', [
  ['lane', 'text'],
  ['rev', 'bigint'],
  ['event', 'text'],
  ['owner', 'text'],
  ['from_owner', 'text'],
  ['fence', 'bigint'],
  ['at', 'bigint'],
  ['lease_ms', 'bigint'],
  ['note', 'text'],
  ['request_id', 'text'],
])

export function insertLaneEvent(
  transaction: Transaction,
  lane: Lane,
  event: LaneEvent,
  requestId: string,
): Promise<void> {
  return transaction.append(LANE_EVENTS, {
    lane: lane.name,
    rev: lane.rev,
    event: event.kind,
    owner: event.owner,
    from_owner: event.from ?? null,
    fence: event.fence,
    at: lane.changedAt,
    lease_ms: lane.tenure?.leaseMs ?? null,
    note: event.note ?? null,
    request_id: requestId,
  })
}

export async function selectLanes(reader: Reader, filter: LaneFilter, now: number): Promise<Lane[]> {
  const conditions = [sql`name > ${filter.after ?? ''}`]
  if (filter.state) conditions.push(inState(filter.state, now))
  if (filter.owner !== undefined) conditions.push(sql`owner = ${filter.owner}`)
  const rows = await reader.all<LaneRow>(sql`
    select ${LANE_COLUMNS} from lanes
    where ${allOf(conditions)}
    order by name
    limit ${filter.limit}`)
  return rows.map(toLane)
}

/** Held or orphaned lanes, the one that expires or expired first at the top. */
export async function selectLanesByExpiry(
  reader: Reader,
  state: 'held' | 'orphaned',
  now: number,
  limit: number,
): Promise<Lane[]> {
  const rows = await reader.all<LaneRow>(sql`
    select ${LANE_COLUMNS} from lanes
    where ${inState(state, now)}
    order by expires_at, name
    limit ${limit}`)
  return rows.map(toLane)
}

/** The lanes of these names that there are, by name. */
export async function selectLanesNamed(reader: Reader, names: readonly string[]): Promise<Lane[]> {
  if (names.length === 0) return []
  const rows = await reader.all<LaneRow>(sql`
    select ${LANE_COLUMNS} from lanes
    where name in (${textsOf(names, reader.engine)})
    order by name
    limit ${names.length}`)
  return rows.map(toLane)
}

/** The lanes that anybody waits for now, the longest queue first, and when the first of those who wait arrived. */
export async function selectContendedLanes(reader: Reader, now: number, limit: number): Promise<ContendedLane[]> {
  const rows = await reader.all<LaneRow & { since: number }>(sql`
    select ${LANE_COLUMNS}, since
    from lanes join (
      select lane, count(*) as waiters, min(since) as since from lane_waiters
      where present_until > ${now}
      group by lane
    ) as queues on queues.lane = lanes.name
    order by waiters desc, since, name
    limit ${limit}`)
  return rows.map((row) => ({ lane: toLane(row), since: row.since }))
}

/** Of the first so many held lanes to expire, those that have been held since a moment or longer, by name. */
export function selectTenuresSince(
  reader: Reader,
  claimedUntil: number,
  now: number,
  lookAt: number,
): Promise<TenureRow[]> {
  return reader.all<TenureRow>(sql`
    select name, owner, claimed_at from (${soonest(now, lookAt)}) as soonest
    where claimed_at <= ${claimedUntil}
    order by name`)
}

/** Of the same lanes, when the first of all others was claimed; undefined when there is none. */
export async function findFirstClaimAfter(
  reader: Reader,
  moment: number,
  now: number,
  lookAt: number,
): Promise<number | undefined> {
  const row = await single<{ claimed_at: number | null }>(
    reader,
    sql`select min(claimed_at) as claimed_at from (${soonest(now, lookAt)}) as soonest where claimed_at > ${moment}`,
  )
  return row.claimed_at ?? undefined
}

function soonest(now: number, limit: number): Sql {
  return sql`
    select name, owner, claimed_at from lanes
    where ${inState('held', now)}
    order by expires_at, name
    limit ${limit}`
}

/** The lanes whose tenure ends after one moment and no later than another, by name. */
export async function selectLanesExpiring(
  reader: Reader,
  { after, until }: { readonly after: number; readonly until: number },
  afterName: string,
  limit: number,
): Promise<Lane[]> {
  const rows = await reader.all<LaneRow>(sql`
    select ${LANE_COLUMNS} from lanes
    where owner is not null and expires_at > ${after} and expires_at <= ${until} and name > ${afterName}
    order by name
    limit ${limit}`)
  return rows.map(toLane)
}

export async function existsTenureSince(reader: Reader, moment: number): Promise<boolean> {
  const row = await first<object>(
    reader,
    sql`select 1 from lanes where owner is not null and expires_at > ${moment} limit 1`,
  )
  return row !== undefined
}

/** How many lanes anybody has, live or lapsed. */
export async function countTenures(reader: Reader): Promise<number> {
  const row = await single<{ tenures: number }>(
    reader,
    sql`select count(*) as tenures from lanes where owner is not null`,
  )
  return row.tenures
}

export async function countOrphans(reader: Reader, now: number): Promise<number> {
  const row = await single<{ orphaned: number }>(
    reader,
    sql`select count(*) as orphaned from lanes where ${inState('orphaned', now)}`,
  )
  return row.orphaned
}

/** Newest first. */
export function selectLaneEvents(
  reader: Reader,
  lane: string,
  beforeRev: number,
  limit: number,
): Promise<LaneEventRow[]> {
  return reader.all<LaneEventRow>(sql`
    select ${LANE_EVENT_COLUMNS} from lane_events
    where lane = ${lane} and rev < ${beforeRev}
    order by rev desc
    limit ${limit}`)
}

/** The events of these lanes and revs, in no order. */
export async function selectEventsOfLanes(reader: Reader, keys: readonly LaneEventKey[]): Promise<LaneEventRow[]> {
  if (keys.length === 0) return []
  return reader.all<LaneEventRow>(sql`
    select ${LANE_EVENT_COLUMNS} from lane_events
    where (lane, rev) in (values ${toRowValues(keys)})
    limit ${keys.length}`)
}

export async function deleteLaneEvents(transaction: Transaction, keys: readonly LaneEventKey[]): Promise<void> {
  if (keys.length === 0) return
  await transaction.run(sql`delete from lane_events where (lane, rev) in (values ${toRowValues(keys)})`)
}

function toRowValues(keys: readonly LaneEventKey[]): Sql {
  return listOf(keys.map(({ lane, rev }) => sql`(${lane}, cast(${rev} as bigint))`))
}

/** The same line between held and orphaned as `stateOf` draws it. */
function inState(state: LaneState, now: number): Sql {
  switch (state) {
    case 'free':
      return sql`owner is null`
    case 'held':
      return sql`owner is not null and expires_at > ${now}`
    case 'orphaned':
      return sql`owner is not null and expires_at <= ${now}`
  }
}

function toLane(row: LaneRow): Lane {
  return {
    name: row.name,
    fence: row.fence,
    rev: row.rev,
    changedAt: row.changed_at,
    tenure: toTenure(row),
    last:
      row.last_owner !== null && row.last_fence !== null && row.last_end !== null
        ? { owner: row.last_owner, fence: row.last_fence, end: row.last_end }
        : undefined,
  }
}

function toTenure({ owner, session, note, claimed_at, renewed_at, expires_at, lease_ms }: LaneRow): Lane['tenure'] {
  if (owner === null || claimed_at === null || renewed_at === null || expires_at === null || lease_ms === null) {
    return undefined
  }
  return {
    owner,
    session: session ?? undefined,
    note: note ?? undefined,
    claimedAt: claimed_at,
    renewedAt: renewed_at,
    expiresAt: expires_at,
    leaseMs: lease_ms,
  }
}
