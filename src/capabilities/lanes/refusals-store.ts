import { type Reader, type Sql, sql, type Transaction } from '../../core/database.ts'

/** How often an owner was refused with a code, while one tenure of a lane stood in the way. */
export interface RefusalRow {
  lane: string
  owner: string
  code: string
  fence: number
  /** Who held the lane live; null when nobody did. */
  held_by: string | null
  count: number
  first_at: number
  last_at: number
}

const REFUSAL_COLUMNS = sql`lane, owner, code, fence, held_by, count, first_at, last_at`

/** Adds to what has been counted before. No two rows are of the same lane, owner, code and fence. */
export async function upsertRefusals(transaction: Transaction, rows: readonly RefusalRow[]): Promise<void> {
  await transaction.run(sql`
    insert into lane_refusals (${REFUSAL_COLUMNS})
    ${selectRows(rows, transaction)}
    on conflict (lane, owner, code, fence) do update set
      held_by = coalesce(lane_refusals.held_by, excluded.held_by),
      count = lane_refusals.count + excluded.count,
      first_at = case when excluded.first_at < lane_refusals.first_at
        then excluded.first_at else lane_refusals.first_at end,
      last_at = case when excluded.last_at > lane_refusals.last_at
        then excluded.last_at else lane_refusals.last_at end`)
}

/** One value holds them all, so that one statement serves any number. */
function selectRows(rows: readonly RefusalRow[], { engine }: Reader): Sql {
  const json = JSON.stringify(rows)
  switch (engine) {
    case 'sqlite':
      // Without a condition SQLite takes what follows for one of a join.
      return sql`
        select value ->> 'lane', value ->> 'owner', value ->> 'code', value ->> 'fence', value ->> 'held_by',
          value ->> 'count', value ->> 'first_at', value ->> 'last_at'
        from json_each(${json})
        where true`
    case 'postgres':
      return sql`
        select ${REFUSAL_COLUMNS}
        from jsonb_to_recordset(cast(${json} as jsonb)) as told (lane text, owner text, code text, fence bigint,
          held_by text, count bigint, first_at bigint, last_at bigint)`
  }
}

/** Of one lane, the newest first. */
export function selectRefusalsOfLane(reader: Reader, lane: string, limit: number): Promise<RefusalRow[]> {
  return reader.all<RefusalRow>(sql`
    select ${REFUSAL_COLUMNS} from lane_refusals
    where lane = ${lane}
    order by last_at desc, owner, code, fence desc
    limit ${limit}`)
}

/** Of all lanes since a moment, the newest first. */
export function selectRefusalsSince(reader: Reader, from: number, limit: number): Promise<RefusalRow[]> {
  return reader.all<RefusalRow>(sql`
    select ${REFUSAL_COLUMNS} from lane_refusals
    where last_at >= ${from}
    order by last_at desc, lane, owner, code, fence desc
    limit ${limit}`)
}

/** Deletes the oldest of those that have not come again since a moment. Returns how many. */
export async function deleteRefusalsBefore(transaction: Transaction, before: number, limit: number): Promise<number> {
  const rows = await transaction.all<{ fence: number }>(sql`
    delete from lane_refusals
    where (lane, owner, code, fence) in (
      select lane, owner, code, fence from lane_refusals
      where last_at < ${before}
      order by last_at
      limit ${limit}
    )
    returning fence`)
  return rows.length
}
