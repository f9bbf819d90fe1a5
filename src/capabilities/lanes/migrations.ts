import type { Migration } from '../../core/database.ts'

export const migrations: readonly Migration[] = [
  {
    id: 'lanes/001-lanes',
    statements: [
      `create table lanes (
        name        text   primary key,
        fence       bigint not null,
        rev         bigint not null,
        owner       text,
        session     text,
        note        text,
        claimed_at  bigint,
        renewed_at  bigint,
        expires_at  bigint,
        lease_ms    bigint,
        changed_at  bigint not null,
        last_owner  text,
        last_fence  bigint,
        last_end    text
      )`,
      // The status counts and lists held and orphaned lanes on every call; free ones only pile up.
      'create index lanes_by_expiry on lanes (expires_at) where owner is not null',
      `create table lane_events (
        lane        text   not null,
        rev         bigint not null,
        event       text   not null,
        owner       text   not null,
        from_owner  text,
        fence       bigint not null,
        at          bigint not null,
        lease_ms    bigint,
        note        text,
        request_id  text   not null,
        primary key (lane, rev)
      )`,
    ],
  },
  {
    id: 'lanes/002-waiters',
    statements: [
      `create table lane_waiters (
        lane          text   not null,
        owner         text   not null,
        session       text   not null,
        ticket        bigint not null,
        since         bigint not null,
        present_until bigint not null,
        kept_until    bigint not null,
        primary key (lane, owner, session)
      )`,
      'create index lane_waiters_by_holder on lane_waiters (owner, session)',
    ],
  },
  {
    id: 'lanes/003-names-in-code-order',
    // Pages go by name, and every database must put names in the same order: SQLite has it by itself.
    statements: [
      { postgres: 'alter table lanes alter column name type text collate "C"' },
      { postgres: 'alter table lane_events alter column lane type text collate "C"' },
    ],
  },
  {
    id: 'lanes/004-events-by-time',
    statements: [
      // All that the timeline groups by, so that the events of a window are read from the index alone. With the moment alone
      // in it, SQLite walked through the whole history, in the order of the groups.
      'create index lane_events_by_time on lane_events (at, lane, fence, rev, event)',
    ],
  },
  {
    id: 'lanes/005-refusals',
    statements: [
      // Who was refused, and which tenure stood in the way. What a hammering agent adds to is one row.
      `create table lane_refusals (
        lane     text   not null,
        owner    text   not null,
        code     text   not null,
        fence    bigint not null,
        held_by  text,
        count    bigint not null,
        first_at bigint not null,
        last_at  bigint not null,
        primary key (lane, owner, code, fence)
      )`,
      {
        postgres: `alter table lane_refusals
          alter column lane type text collate "C",
          alter column owner type text collate "C",
          alter column code type text collate "C"`,
      },
      'create index lane_refusals_by_lane on lane_refusals (lane, last_at)',
      'create index lane_refusals_by_time on lane_refusals (last_at)',
    ],
  },
]
