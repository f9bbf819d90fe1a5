import { first, type Reader, single, sql, type Transaction } from '../../core/database.ts'
import { createMemo } from '../../core/memo.ts'
import type { Holder } from './decide.ts'

export interface WaiterRow {
  ticket: number
  since: number
}

/** Whoever holds the lane that a waiter waits for. */
export interface WaitRow {
  lane: string
  owner: string
  session: string | null
}

/** The lanes that may have a queue, some perhaps no more: most never had one, and each change of a lane asks three times. */
const queuedLanes = createMemo(async (transaction) => {
  const rows = await transaction.all<{ lane: string }>(sql`select distinct lane from lane_waiters`)
  return new Set(rows.map(({ lane }) => lane))
})

/** Whether anybody can be in the queue of a lane. */
export async function mayHaveQueue(transaction: Transaction, lane: string): Promise<boolean> {
  return (await queuedLanes.recall(transaction)).has(lane)
}

/** A session as the queue keeps it: its key has no place for an absent one. */
const toKey = ({ session }: Holder): string => session ?? ''

export function findWaiter(reader: Reader, lane: string, holder: Holder): Promise<WaiterRow | undefined> {
  return first<WaiterRow>(
    reader,
    sql`select ticket, since from lane_waiters
      where lane = ${lane} and owner = ${holder.owner} and session = ${toKey(holder)}`,
  )
}

/** Takes the last place in the queue, or the one that this holder still has. */
export async function upsertWaiter(
  transaction: Transaction,
  lane: string,
  holder: Holder,
  now: number,
  presentUntil: number,
): Promise<WaiterRow> {
  const queued = await queuedLanes.recall(transaction)
  queued.add(lane)
  await transaction.run(sql`delete from lane_waiters where lane = ${lane} and kept_until <= ${now}`)
  return single<WaiterRow>(
    transaction,
    sql`insert into lane_waiters (lane, owner, session, ticket, since, present_until, kept_until)
      values (
        ${lane}, ${holder.owner}, ${toKey(holder)},
        (select coalesce(max(ticket), 0) + 1 from lane_waiters where lane = ${lane}),
        ${now}, ${presentUntil}, ${presentUntil}
      )
      on conflict (lane, owner, session) do update set
        present_until = excluded.present_until, kept_until = excluded.kept_until
      returning ticket, since`,
  )
}

export async function updateWaiter(
  transaction: Transaction,
  lane: string,
  holder: Holder,
  presentUntil: number,
  keptUntil: number,
): Promise<void> {
  await transaction.run(sql`
    update lane_waiters set present_until = ${presentUntil}, kept_until = ${keptUntil}
    where lane = ${lane} and owner = ${holder.owner} and session = ${toKey(holder)}`)
}

export async function deleteWaiter(transaction: Transaction, lane: string, holder: Holder): Promise<void> {
  await transaction.run(sql`
    delete from lane_waiters
    where lane = ${lane} and owner = ${holder.owner} and session = ${toKey(holder)}`)
}

/** The one whose turn is next, of those who are there. */
export async function findNextWaiter(reader: Reader, lane: string, now: number): Promise<Holder | undefined> {
  const row = await first<{ owner: string; session: string }>(
    reader,
    sql`select owner, session from lane_waiters
      where lane = ${lane} and present_until > ${now}
      order by ticket
      limit 1`,
  )
  return row && { owner: row.owner, session: row.session === '' ? undefined : row.session }
}

/** How many are waiting now; with a holder, how many of them before that one: all of them when it is not in the queue. */
export async function countWaiters(reader: Reader, lane: string, now: number, before?: Holder): Promise<number> {
  const place = before && (await findWaiter(reader, lane, before))
  const row = await single<{ waiters: number }>(
    reader,
    sql`select count(*) as waiters from lane_waiters
      where lane = ${lane} and present_until > ${now} and ticket < ${place?.ticket ?? Number.MAX_SAFE_INTEGER}`,
  )
  return row.waiters
}

/** How many wait for each lane that anybody waits for. */
export async function selectWaiterCounts(reader: Reader, now: number): Promise<ReadonlyMap<string, number>> {
  const rows = await reader.all<{ lane: string; waiters: number }>(sql`
    select lane, count(*) as waiters from lane_waiters
    where present_until > ${now}
    group by lane
    order by lane`)
  return new Map(rows.map(({ lane, waiters }) => [lane, waiters]))
}

/** When the first of those who wait now is taken for gone unless it looks again; undefined when nobody waits. */
export async function findFirstAbsence(reader: Reader, now: number): Promise<number | undefined> {
  const row = await single<{ at: number | null }>(
    reader,
    sql`select min(present_until) as at from lane_waiters where present_until > ${now}`,
  )
  return row.at ?? undefined
}

/** How many holders wait now, each once, for however many lanes. */
export async function countWaitingHolders(reader: Reader, now: number): Promise<number> {
  const row = await single<{ holders: number }>(
    reader,
    sql`select count(*) as holders
      from (select distinct owner, session from lane_waiters where present_until > ${now}) as waiting`,
  )
  return row.holders
}

/** The lanes that a holder waits for now, with who holds each live. */
export function selectWaitsOf(reader: Reader, holder: Holder, now: number): Promise<WaitRow[]> {
  return reader.all<WaitRow>(sql`
    select waiting.lane, held.owner, held.session
    from lane_waiters waiting join lanes held on held.name = waiting.lane
    where waiting.owner = ${holder.owner} and waiting.session = ${toKey(holder)} and waiting.present_until > ${now}
      and held.owner is not null and held.expires_at > ${now}
    order by waiting.lane
    limit 1000`)
}
