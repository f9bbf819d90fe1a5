import { createHash } from 'node:crypto'
import type { Migration } from '../core/database.ts'
import { startError } from '../core/errors.ts'

/** One migration as the database's ledger has it. */
export interface AppliedMigration {
  readonly id: string
  readonly hash: string
}

/** Fingerprints a migration, so that a released one that was edited is found out. */
export function hashMigration({ statements }: Migration): string {
  return createHash('sha256').update(statements.join(';\n')).digest('hex')
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
