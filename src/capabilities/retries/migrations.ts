import type { Migration } from '../../core/database.ts'

export const migrations: readonly Migration[] = [
  {
    id: 'retries/001-answers',
    statements: [
      `create table kept_answers (
        idempotency_key text   primary key,
        fingerprint     text   not null,
        answer          text   not null,
        at              bigint not null
      )`,
      'create index kept_answers_by_age on kept_answers (at)',
    ],
  },
  {
    id: 'retries/002-keys-in-code-order',
    // An export goes by key, in the same order from every database: SQLite has it by itself.
    statements: [{ postgres: 'alter table kept_answers alter column idempotency_key type text collate "C"' }],
  },
]
