import { sql } from '../../core/database.ts'
import type { Invariant } from '../../core/invariant.ts'

/** What readers rely on: no id is missing, none comes late, and the events tell of all messages, and of nothing else. */
const sequences: readonly Invariant[] = [
  {
    name: 'log.message-ids',
    holds: 'after the floor each id follows the one before',
    table: 'messages',
    violations: sql`
      select id, previous from (
        select id, coalesce(lag(id) over (order by id), floor_id) as previous
        from messages cross join message_bounds
        where id > floor_id
      ) as steps
      where id <> previous + 1
      order by id`,
  },
  {
    name: 'log.message-moments',
    holds: 'none is older than the one before',
    table: 'messages',
    violations: sql`
      select id, ts, previous_ts from (
        select id, ts, lag(ts) over (order by id) as previous_ts from messages
      ) as steps
      where ts < previous_ts
      order by id`,
  },
  {
    name: 'log.event-ids',
    holds: 'after the floor each id follows the one before, and below it there is none',
    table: 'events',
    violations: sql`
      select id, previous from (
        select id, coalesce(lag(id) over (order by id), floor_id) as previous from events cross join event_bounds
      ) as steps
      where id <> previous + 1
      order by id`,
  },
  {
    name: 'log.event-moments',
    holds: 'none is older than the one before, and none is from after the last moment that was written',
    table: 'events',
    violations: sql`
      select id, at, previous_at, last_moment from (
        select id, at, lag(at) over (order by id) as previous_at from events
      ) as steps cross join bus_store
      where at < previous_at or at > last_moment
      order by id`,
  },
  {
    name: 'log.events-of-messages',
    holds: 'each event of a message names the next one, its topic and its moment',
    table: 'events',
    violations: sql`
      select steps.id as event, ref as message, previous from (
        select events.id, ref, subject, at, coalesce(lag(ref) over (order by events.id), floor_id) as previous
        from events cross join message_bounds
        where kind = 'message'
      ) as steps left join messages on messages.id = ref
      where messages.id is null or topic <> subject or ts <> at or ref <> previous + 1
      order by steps.id`,
  },
  {
    name: 'log.messages-in-events',
    holds: 'each one after the floor has its event',
    table: 'messages',
    violations: sql`
      select id from messages cross join message_bounds
      where id > floor_id and id not in (select ref from events where kind = 'message')
      order by id`,
  },
]

const acknowledgements: readonly Invariant[] = [
  {
    name: 'log.acks',
    holds: 'each acknowledgement names a message that is there or was dropped, its topic and its moment',
    table: 'events',
    violations: sql`
      select events.id as event, ref as message
      from events cross join message_bounds left join messages on messages.id = ref
      where kind = 'ack' and (
        (messages.id is null and ref > floor_id)
        or (messages.id is not null and (acked_at is null or acked_at <> at or topic <> subject))
      )
      order by events.id`,
  },
  {
    name: 'log.acknowledged',
    holds: 'one that is acknowledged says by whom, not before it was posted, and has one event of it',
    table: 'messages',
    violations: sql`
      select id, ts, acked_at, coalesce(acks, 0) as acks
      from messages left join (
        select ref, count(*) as acks from events where kind = 'ack' group by ref
      ) as told on ref = id
      where (acked_by is null) <> (acked_at is null)
        or acked_at < ts
        or (acked_at is not null and coalesce(acks, 0) <> 1)
      order by id`,
  },
  {
    name: 'log.kept-below-floor',
    holds: 'of those that were dropped only flagged ones are left, pending or with their acknowledgement still told',
    table: 'messages',
    violations: sql`
      select id, floor_id from messages cross join message_bounds
      where id <= floor_id and (
        action_flag = 0
        or (acked_at is not null and id not in (select ref from events where kind = 'ack'))
      )
      order by id`,
  },
  {
    name: 'log.flags',
    holds: 'a flag is set or not',
    table: 'messages',
    violations: sql`
      select id, action_flag, is_system from messages
      where action_flag not in (0, 1) or is_system not in (0, 1)
      order by id`,
  },
]

/** What is counted and listed by way of an index, held to the rows. */
const counts: readonly Invariant[] = [
  {
    name: 'log.message-count',
    holds: 'there are as many as the status tells',
    table: 'messages',
    violations: sql`
      select told, kept from (
        select
          (select case when coalesce(max(id), 0) > floor_id then max(id) - floor_id else 0 end from messages)
            + (select count(*) from messages where id <= floor_id) as told,
          (select count(*) from messages) as kept
        from message_bounds
      ) as counted
      where told <> kept
      order by told`,
  },
  {
    name: 'log.pending-count',
    holds: 'as many wait flagged as the status tells',
    table: 'messages',
    violations: sql`
      select told, kept from (
        select
          (select count(*) from messages where action_flag = 1 and acked_at is null) as told,
          (select coalesce(sum(case when action_flag = 1 and acked_at is null then 1 else 0 end), 0) from messages) as kept
      ) as counted
      where told <> kept
      order by told`,
  },
  {
    name: 'log.topics',
    holds: 'each topic is listed with its newest message',
    table: 'messages',
    // By a column that no index has, so that SQLite counts the rows themselves.
    violations: sql`
      with recursive names (topic) as (
        select min(topic) from messages
        union all
        select (select min(topic) from messages where topic > names.topic) from names where topic is not null
      ), listed as (
        select topic, (select max(id) from messages where messages.topic = names.topic) as id from names
      ), kept as (
        select topic || '' as topic, max(case when ts >= 0 then id end) as id from messages group by topic || ''
      )
      select kept.id as newest, listed.id as listed
      from kept left join listed on listed.topic = kept.topic
      where listed.id is null or listed.id <> kept.id
      order by kept.id`,
  },
  {
    name: 'log.words',
    holds: 'a search knows each one up to where the index goes, and no other',
    table: 'messages',
    violations: sql`
      select id, indexed_id from (
        select id, indexed_id from messages cross join message_bounds
        where id <= indexed_id and id not in (select rowid from message_words)
        union all
        select message_words.rowid, indexed_id from message_words cross join message_bounds
        where message_words.rowid > indexed_id or message_words.rowid not in (select id from messages)
      ) as strays
      order by id`,
  },
]

export const invariants: readonly Invariant[] = [...sequences, ...acknowledgements, ...counts]
