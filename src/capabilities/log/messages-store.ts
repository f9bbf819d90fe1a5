import { defineAppend } from '../../core/append.ts'
import {
  allOf,
  type Engine,
  first,
  listOf,
  type Reader,
  type Sql,
  single,
  sql,
  type Transaction,
  textsOf,
} from '../../core/database.ts'
import type { SearchTerm } from '../../core/search-text.ts'
import { type Bounds, type BoundsRow, toBounds } from './bounds.ts'
import { deleteWords, fits } from './words.ts'

export interface MessageRow {
  id: number
  topic: string
  sender: string
  body: string
  action_flag: 0 | 1
  ts: number
  recipient: string | null
  thread_id: number | null
  /** The tenure under which it was posted, of this lane. */
  lane: string | null
  fence: number | null
  is_system: 0 | 1
  acked_by: string | null
  acked_at: number | null
}

export interface MessageFilter {
  readonly topic: string | undefined
  readonly sender: string | undefined
  readonly flagged: boolean | undefined
  readonly recipient: string | undefined
  readonly threadId: number | undefined
  readonly search: readonly SearchTerm[] | undefined
}

/** Leaves nothing out. */
export const EVERY_MESSAGE: MessageFilter = {
  topic: undefined,
  sender: undefined,
  flagged: undefined,
  recipient: undefined,
  threadId: undefined,
  search: undefined,
}

const MESSAGE_COLUMNS = sql`id, topic, sender, body, action_flag, ts, recipient, thread_id, lane, fence,
  is_system, acked_by, acked_at`

/** Of a body that is stored in pages of its own, too, only its head is read. */
const BODY_SIZE = sql`octet_length(body) as size`

/** The line between pending and done, the same as in the index `messages_pending`. */
const IS_PENDING = sql`action_flag = 1 and acked_at is null`

const MESSAGES = defineAppend('messages', [
  ['id', 'bigint'],
  ['topic', 'text'],
  ['sender', 'text'],
  ['body', 'text'],
  ['action_flag', 'smallint'],
  ['ts', 'bigint'],
  ['recipient', 'text'],
  ['thread_id', 'bigint'],
  ['lane', 'text'],
  ['fence', 'bigint'],
  ['is_system', 'smallint'],
  ['acked_by', 'text'],
  ['acked_at', 'bigint'],
])

export function insertMessage(transaction: Transaction, row: MessageRow): Promise<void> {
  return transaction.append(MESSAGES, row)
}

/** From where to where the messages go. Ids are contiguous from 1. */
export async function getMessageBounds(reader: Reader): Promise<Bounds> {
  return toBounds(
    await single<BoundsRow>(
      reader,
      sql`select (select coalesce(max(id), 0) from messages) as last_id, floor_id from message_bounds`,
    ),
  )
}

/** How many messages there are: those after the floor, and those below it that still wait for somebody. */
export async function countMessages(reader: Reader): Promise<number> {
  const { headId, floorId } = await getMessageBounds(reader)
  const row = await single<{ waiting: number }>(
    reader,
    sql`select count(*) as waiting from messages where id <= ${floorId}`,
  )
  return headId - floorId + row.waiting
}

export async function updateMessageFloor(transaction: Transaction, floorId: number): Promise<void> {
  await transaction.run(sql`update message_bounds set floor_id = ${floorId} where floor_id < ${floorId}`)
}

/** Deletes those of the ids that nobody waits for any more. */
export async function deleteSettledMessages(transaction: Transaction, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  const rows = await transaction.all<{ id: number }>(
    sql`delete from messages where id in (${listOf(ids)}) and not (${IS_PENDING}) returning id`,
  )
  await deleteWords(
    transaction,
    rows.map(({ id }) => id),
  )
}

export function findMessage(reader: Reader, id: number): Promise<MessageRow | undefined> {
  return first<MessageRow>(reader, sql`select ${MESSAGE_COLUMNS} from messages where id = ${id}`)
}

/** Those of the ids that there are, in the order of the ids. */
export async function selectMessages(reader: Reader, ids: readonly number[]): Promise<MessageRow[]> {
  if (ids.length === 0) return []
  return reader.all<MessageRow>(sql`
    select ${MESSAGE_COLUMNS} from messages
    where id in (${listOf(ids)})
    order by id
    limit ${ids.length}`)
}

/** Newest first; with `beforeId` the newest of those before it. */
export function selectNewest(
  reader: Reader,
  filter: MessageFilter,
  limit: number,
  beforeId?: number,
): Promise<MessageRow[]> {
  return reader.all<MessageRow>(newest(MESSAGE_COLUMNS, reader.engine, filter, limit, beforeId))
}

/** Oldest first, after `sinceId`. */
export function selectSince(
  reader: Reader,
  filter: MessageFilter,
  sinceId: number,
  limit: number,
): Promise<MessageRow[]> {
  return reader.all<MessageRow>(since(MESSAGE_COLUMNS, reader.engine, filter, sinceId, limit))
}

/**
 * As {@link selectNewest}, but SQLite makes a text of each message: to make a row of it here, and then a text, takes twice as
 * long. Resolves with the texts, a line each; an empty one when there is none.
 *
 * @param text What is made of a message: a text without line breaks.
 */
export function selectNewestTexts(
  reader: Reader,
  text: Sql,
  filter: MessageFilter,
  limit: number,
  beforeId?: number,
): Promise<string> {
  const page = newest(sql`messages.id as place, ${text} as text`, reader.engine, filter, limit, beforeId)
  return joined(reader, sql`select group_concat(text, char(10) order by place desc) as texts from (${page})`)
}

/** As {@link selectSince}, likewise. */
export function selectSinceTexts(
  reader: Reader,
  text: Sql,
  filter: MessageFilter,
  sinceId: number,
  limit: number,
): Promise<string> {
  const page = since(sql`messages.id as place, ${text} as text`, reader.engine, filter, sinceId, limit)
  return joined(reader, sql`select group_concat(text, char(10) order by place) as texts from (${page})`)
}

/** The sizes of the bodies that {@link selectNewest} would show, in bytes. */
export async function selectNewestSizes(
  reader: Reader,
  filter: MessageFilter,
  limit: number,
  beforeId?: number,
): Promise<number[]> {
  const rows = await reader.all<{ size: number }>(newest(BODY_SIZE, reader.engine, filter, limit, beforeId))
  return rows.map(({ size }) => size)
}

/** The sizes of the bodies that {@link selectSince} would show, likewise. */
export async function selectSinceSizes(
  reader: Reader,
  filter: MessageFilter,
  sinceId: number,
  limit: number,
): Promise<number[]> {
  const rows = await reader.all<{ size: number }>(since(BODY_SIZE, reader.engine, filter, sinceId, limit))
  return rows.map(({ size }) => size)
}

/** The sizes of the bodies of those of the ids that there are, in bytes, in the order of the ids. */
export function selectSizes(reader: Reader, ids: readonly number[]): Promise<{ id: number; size: number }[]> {
  return reader.all<{ id: number; size: number }>(sql`
    select id, ${BODY_SIZE} from messages
    where id in (${listOf(ids)})
    order by id
    limit ${ids.length}`)
}

async function joined(reader: Reader, statement: Sql): Promise<string> {
  return (await single<{ texts: string | null }>(reader, statement)).texts ?? ''
}

function newest(columns: Sql, engine: Engine, filter: MessageFilter, limit: number, beforeId?: number): Sql {
  const conditions = [matching(filter, engine)]
  if (beforeId !== undefined) conditions.push(sql`${orderKey(filter)} < ${beforeId}`)
  return sql`
    select ${columns} from ${source(filter, engine)}
    where ${allOf(conditions)}
    order by ${orderKey(filter)} desc
    limit ${limit}`
}

function since(columns: Sql, engine: Engine, filter: MessageFilter, sinceId: number, limit: number): Sql {
  return sql`
    select ${columns} from ${source(filter, engine)}
    where ${orderKey(filter)} > ${sinceId} and ${matching(filter, engine)}
    order by ${orderKey(filter)}
    limit ${limit}`
}

export interface TopicRow {
  topic: string
  last_id: number
  last_at: number
}

/** By name, after `after`: one step through the index for each, however many messages it has. */
export function selectTopics(reader: Reader, after: string | undefined, limit: number): Promise<TopicRow[]> {
  const first = after === undefined ? sql`true` : sql`topic > ${after}`
  return reader.all<TopicRow>(sql`
    with recursive names (topic, place) as (
      select min(topic), 1 from messages where ${first}
      union all
      select (select min(topic) from messages where topic > names.topic), place + 1 from names
      where topic is not null and place < ${limit}
    )
    select messages.topic, messages.id as last_id, messages.ts as last_at
    from names
    join messages on messages.id = (select max(id) from messages where messages.topic = names.topic)
    where names.topic is not null
    order by names.topic
    limit ${limit}`)
}

/** Flagged and not acknowledged, the one that waits longest at the top. */
export function selectPending(reader: Reader, limit: number): Promise<MessageRow[]> {
  return reader.all<MessageRow>(sql`
    select ${MESSAGE_COLUMNS} from messages
    where ${IS_PENDING}
    order by id
    limit ${limit}`)
}

export async function countPending(reader: Reader): Promise<number> {
  const row = await single<{ pending: number }>(
    reader,
    sql`select count(*) as pending from messages where ${IS_PENDING}`,
  )
  return row.pending
}

/**
 * When each of the senders posted last, as far as the log goes back; one that has posted nothing is left out. What the bus
 * itself says under a name is not counted.
 */
export async function selectLastPosts(
  reader: Reader,
  senders: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (senders.length === 0) return new Map()
  const rows = await reader.all<{ sender: string; ts: number | null }>(sql`
    with named (sender) as (${textsOf(senders, reader.engine)})
    select sender, (
      select ts from messages
      where messages.sender = named.sender and is_system = 0
      order by id desc
      limit 1
    ) as ts
    from named
    limit ${senders.length}`)
  return new Map(rows.flatMap(({ sender, ts }) => (ts === null ? [] : [[sender, ts]])))
}

export async function updateAck(transaction: Transaction, id: number, ackedBy: string, ackedAt: number): Promise<void> {
  await transaction.run(sql`update messages set acked_by = ${ackedBy}, acked_at = ${ackedAt} where id = ${id}`)
}

/** With a search the index of words leads: it walks in the order of the ids as well, and stops at the limit. */
function source({ search }: MessageFilter, engine: Engine): Sql {
  if (!search) return sql`messages`
  // SQLite takes the order of a cross join for an order; PostgreSQL finds its own.
  const join = { sqlite: sql`cross join`, postgres: sql`join` }[engine]
  return sql`message_words ${join} messages on messages.id = message_words.rowid`
}

function orderKey({ search }: MessageFilter): Sql {
  return search ? sql`message_words.rowid` : sql`id`
}

function matching(filter: MessageFilter, engine: Engine): Sql {
  const { topic, sender, flagged, recipient, threadId, search } = filter
  const conditions: Sql[] = []
  if (search) conditions.push(fits(search, engine))
  if (topic !== undefined) conditions.push(sql`topic = ${topic}`)
  if (sender !== undefined) conditions.push(sql`sender = ${sender}`)
  if (recipient !== undefined) conditions.push(sql`recipient = ${recipient}`)
  // A thread is the message that began it, and those that name it.
  if (threadId !== undefined) conditions.push(sql`thread_id = ${threadId} or id = ${threadId}`)
  // Written out, for an index on some rows serves only a statement that names the same ones.
  if (flagged !== undefined) conditions.push(flagged ? sql`action_flag = 1` : sql`action_flag = 0`)
  return allOf(conditions)
}
