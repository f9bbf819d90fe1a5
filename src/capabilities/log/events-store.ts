import { defineAppend } from '../../core/append.ts'
import { allOf, type Reader, single, sql, type Transaction } from '../../core/database.ts'
import { type Bounds, type BoundsRow, toBounds } from './bounds.ts'

export type EventKind = 'message' | 'ack' | 'lane'

/** One thing that happened, as the sequence has it. */
export interface EventRow {
  id: number
  kind: EventKind
  /** The topic of a message or an acknowledgement, or the lane. */
  subject: string
  /** The message's id, or the lane's rev. */
  ref: number
  at: number
}

export interface EventFilter {
  readonly kind: EventKind | undefined
  /** With either or both: only what is about this topic or about this lane. */
  readonly topic: string | undefined
  readonly lane: string | undefined
}

const EVENTS = defineAppend('events', [
  ['id', 'bigint'],
  ['kind', 'text'],
  ['subject', 'text'],
  ['ref', 'bigint'],
  ['at', 'bigint'],
])

export function insertEvent(transaction: Transaction, row: EventRow): Promise<void> {
  return transaction.append(EVENTS, row)
}

/** From where to where the events go. */
export async function getEventBounds(reader: Reader): Promise<Bounds> {
  return toBounds(
    await single<BoundsRow>(
      reader,
      sql`select (select coalesce(max(id), 0) from events) as last_id, floor_id from event_bounds`,
    ),
  )
}

/** Deletes the oldest events from before a moment. Returns them, oldest first. */
export async function deleteEventsBefore(transaction: Transaction, before: number, limit: number): Promise<EventRow[]> {
  const rows = await transaction.all<EventRow>(sql`
    select id, kind, subject, ref, at from events
    where id > (select floor_id from event_bounds) and at < ${before}
    order by id
    limit ${limit}`)
  const floorId = rows.at(-1)?.id
  if (floorId === undefined) return []
  await transaction.run(sql`delete from events where id <= ${floorId}`)
  await transaction.run(sql`update event_bounds set floor_id = ${floorId}`)
  return rows
}

/** Oldest first, after `sinceId` and up to `untilId`. */
export function selectEvents(
  reader: Reader,
  { kind, topic, lane }: EventFilter,
  sinceId: number,
  untilId: number,
  limit: number,
): Promise<EventRow[]> {
  const conditions = [sql`id > ${sinceId}`, sql`id <= ${untilId}`]
  if (kind !== undefined) conditions.push(sql`kind = ${kind}`)
  if (topic !== undefined || lane !== undefined) {
    // Nothing is equal to null, so what was not named fits nothing.
    conditions.push(
      sql`(kind <> 'lane' and subject = ${topic ?? null}) or (kind = 'lane' and subject = ${lane ?? null})`,
    )
  }
  return reader.all<EventRow>(sql`
    select id, kind, subject, ref, at from events
    where ${allOf(conditions)}
    order by id
    limit ${limit}`)
}
