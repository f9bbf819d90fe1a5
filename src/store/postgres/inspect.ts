import pg from 'pg'
import { first, type Migration, sql } from '../../core/database.ts'
import { AppError, hideCredentials, startError } from '../../core/errors.ts'
import type { Inspection } from '../inspection.ts'
import { type AppliedMigration, planMigrations } from '../migrate.ts'
import { createConnections, createStatements } from './connection.ts'
import { findOutsideCause } from './errors.ts'

/**
 * Opens a database to look at it, in a session that may change nothing, and in nobody's turn.
 *
 * @throws {AppError} As `inspectDatabase`.
 */
export async function inspectPostgres(url: string, migrations: readonly Migration[]): Promise<Inspection> {
  const connections = createConnections(url, true)
  const client = new pg.Client(connections.config)
  client.on('error', () => {})
  const close = () => connections.end(client.end())
  try {
    await client.connect()
    await client.query('set default_transaction_read_only = on; set statement_timeout = 0')
    const reader = createStatements(
      (query) => client.query(query),
      async () => 0,
    )
    const there = await first<{ name: string | null }>(
      reader,
      sql`select cast(to_regclass('bus_store') as text) as name`,
    )
    if (!there?.name) {
      throw startError('database_missing', `no bus has used the database ${hideCredentials(url)} -- name another one`)
    }
    const applied = await reader.all<AppliedMigration>(sql`select id, hash from bus_migrations`)
    return { reader, isCurrent: planMigrations(migrations, applied).length === 0, close }
  } catch (error) {
    await close().catch(() => {})
    if (error instanceof AppError) throw error
    const cause = error instanceof Error && error.message !== '' ? error.message : findOutsideCause(error)
    throw startError('database_unusable', `cannot use the database ${hideCredentials(url)}: ${cause}`)
  }
}
