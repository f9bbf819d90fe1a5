import type { Migration } from '../../core/database.ts'

/** The first two are named after the capability that had this table before the log did; a ledger knows them so. */
export const migrations: readonly Migration[] = [
  {
    id: 'messages/001-messages',
    statements: [
      `create table messages (
        id          bigint   primary key,
        topic       text     not null,
        sender      text     not null,
        body        text     not null,
        action_flag smallint not null,
        ts          bigint   not null,
        acked_by    text,
        acked_at    bigint
      )`,
      'create index messages_by_topic on messages (topic, id)',
      'create index messages_by_sender on messages (sender, id)',
      'create index messages_flagged on messages (id) where action_flag = 1',
      // Pending flags are few and asked for on every status; all other messages stay out of this index.
      'create index messages_pending on messages (id) where action_flag = 1 and acked_at is null',
      // A counter row in the inserting transaction: contiguous ids in commit order on every engine. (Sequences are not:
      // in the lab, readers that followed one lost 14 % of the acknowledged messages.)
      'create table message_head (head_id bigint not null)',
      'insert into message_head (head_id) values (0)',
    ],
  },
  {
    id: 'messages/002-addressed',
    statements: [
      'alter table messages add column recipient text',
      'alter table messages add column thread_id bigint',
      // Posted by the bus itself. Anybody may call themselves anything, so a sender's name would prove nothing.
      'alter table messages add column is_system smallint not null default 0',
      'create index messages_by_recipient on messages (recipient, id) where recipient is not null',
      'create index messages_by_thread on messages (thread_id, id) where thread_id is not null',
    ],
  },
  {
    id: 'messages/003-fenced',
    statements: [
      // The tenure under which it was posted.
      'alter table messages add column lane text',
      'alter table messages add column fence bigint',
    ],
  },
  {
    id: 'log/001-events',
    statements: [
      // What happened, in one sequence over all kinds, which readers follow. `subject` is the topic or the lane, and `ref`
      // the message's id or the lane's rev: the rest is read where it is kept.
      `create table events (
        id      bigint primary key,
        kind    text   not null,
        subject text   not null,
        ref     bigint not null,
        at      bigint not null
      )`,
      'create table event_head (head_id bigint not null, floor_id bigint not null)',
      `insert into events (id, kind, subject, ref, at)
        select row_number() over (order by at, kind desc, ref), kind, subject, ref, at
        from (
          select 'message' as kind, topic as subject, id as ref, ts as at from messages
          union all
          select 'ack', topic, id, acked_at from messages where acked_at is not null
        ) past`,
      'insert into event_head (head_id, floor_id) select count(*), 0 from events',
      // Everything up to the floor has been dropped, but for what still waits for somebody.
      'alter table message_head add column floor_id bigint not null default 0',
    ],
  },
  {
    id: 'log/002-words',
    statements: [
      // The words of the bodies, without the bodies. The rowid is the message's id.
      {
        sqlite: "create virtual table message_words using fts5 (words, content = '', contentless_delete = 1)",
        postgres: 'create table message_words (rowid bigint primary key, words tsvector not null)',
      },
      { postgres: 'create index message_words_by_word on message_words using gin (words)' },
      // Up to here messages are in the index.
      'alter table message_head add column indexed_id bigint not null default 0',
    ],
  },
  {
    id: 'log/003-bounds',
    statements: [
      // A head of its own is not needed: it is the newest row's id, or the floor where that was dropped, too. To keep it
      // cost a post two of its five statements.
      `update message_head set floor_id = head_id
        where head_id > floor_id and head_id > (select coalesce(max(id), 0) from messages)`,
      `update event_head set floor_id = head_id
        where head_id > floor_id and head_id > (select coalesce(max(id), 0) from events)`,
      'alter table message_head drop column head_id',
      'alter table event_head drop column head_id',
      'alter table message_head rename to message_bounds',
      'alter table event_head rename to event_bounds',
    ],
  },
  {
    id: 'log/004-ids-are-places',
    // In SQLite an `integer primary key` is where the row is, and the end of every entry of an index; a `bigint` one is
    // kept twice, and looked up twice.
    statements: [
      {
        sqlite: `create table placed_messages (
          id          integer  primary key,
          topic       text     not null,
          sender      text     not null,
          body        text     not null,
          action_flag smallint not null,
          ts          bigint   not null,
          acked_by    text,
          acked_at    bigint,
          recipient   text,
          thread_id   bigint,
          is_system   smallint not null default 0,
          lane        text,
          fence       bigint
        )`,
      },
      {
        sqlite: `insert into placed_messages
          select id, topic, sender, body, action_flag, ts, acked_by, acked_at, recipient, thread_id, is_system, lane, fence
          from messages order by id`,
      },
      { sqlite: 'drop table messages' },
      { sqlite: 'alter table placed_messages rename to messages' },
      { sqlite: 'create index messages_by_topic on messages (topic)' },
      { sqlite: 'create index messages_by_sender on messages (sender)' },
      { sqlite: 'create index messages_flagged on messages (id) where action_flag = 1' },
      { sqlite: 'create index messages_pending on messages (id) where action_flag = 1 and acked_at is null' },
      { sqlite: 'create index messages_by_recipient on messages (recipient) where recipient is not null' },
      { sqlite: 'create index messages_by_thread on messages (thread_id) where thread_id is not null' },
      {
        sqlite: `create table placed_events (
          id      integer primary key,
          kind    text    not null,
          subject text    not null,
          ref     bigint  not null,
          at      bigint  not null
        )`,
      },
      { sqlite: 'insert into placed_events select id, kind, subject, ref, at from events order by id' },
      { sqlite: 'drop table events' },
      { sqlite: 'alter table placed_events rename to events' },
    ],
  },
]
