import { createHash } from 'node:crypto'
import { type Migration, sql } from '../core/database.ts'
import { startError } from '../core/errors.ts'
import type { Statements } from './bodies.ts'
import { createEpoch, renewEpochOfCopy } from './epoch.ts'

/** One migration as the database's ledger has it. */
export interface AppliedMigration {
  readonly id: string
  readonly hash: string
}

/** Fingerprints a migration, so that a released one that was edited is found out. */
export function hashMigration({ statements }: Migration): string {
  const texts = statements.map((statement) => (typeof statement === 'string' ? statement : JSON.stringify(statement)))
  return createHash('sha256').update(texts.join(';\n')).digest('hex')
}

/**
 * Applies what the ledger does not have yet, inside the open transaction, and makes the tables of the store itself.
 *
 * @param execute Runs a statement that has no values.
 * @param isForService Whether a bus is to serve it: a copy has an epoch of its own then.
 */
export async function applyMigrations(
  statements: Statements,
  execute: (text: string) => Promise<void>,
  migrations: readonly Migration[],
  isForService = true,
): Promise<void> {
  await execute(
    'create table if not exists bus_migrations (id text primary key, hash text not null, applied_at bigint not null)',
  )
  await execute('create table if not exists bus_store (epoch text not null, last_moment bigint not null)')
  await statements.run(sql`
    insert into bus_store (epoch, last_moment)
    select ${createEpoch()}, 0 where not exists (select 1 from bus_store)`)
  if (isForService) await statements.run(renewEpochOfCopy())
  const applied = await statements.all<AppliedMigration>(sql`select id, hash from bus_migrations`)
  for (const migration of planMigrations(migrations, applied)) {
    for (const statement of migration.statements) {
      const text = typeof statement === 'string' ? statement : statement[statements.engine]
      if (text !== undefined) await execute(text)
    }
    await statements.run(sql`
      insert into bus_migrations (id, hash, applied_at)
      values (${migration.id}, ${hashMigration(migration)}, ${await statements.now()})`)
  }
}

/**
 * Says which migrations are still to be applied, in order.
 *
 * @throws {AppError} `database_newer` when the ledger has one that this version does not know; `database_changed` when
 *   one that was applied reads differently now.
 */
export function planMigrations(
  migrations: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly Migration[] {
  const known = new Map(migrations.map((migration) => [migration.id, hashMigration(migration)]))
  for (const { id, hash } of applied) {
    const expected = known.get(id)
    if (expected === undefined) {
      throw startError(
        'database_newer',
        `the database was written by a newer bus-mcp (it has migration ${id}) -- update bus-mcp, or use another file`,
      )
    }
    if (expected !== hash) {
      throw startError('database_changed', `migration ${id} is not the one that the database was made with`)
    }
  }
  const done = new Set(applied.map(({ id }) => id))
  return migrations.filter(({ id }) => !done.has(id))
}
