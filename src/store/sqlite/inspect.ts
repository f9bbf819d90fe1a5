import { statSync } from 'node:fs'
import { type Migration, sql } from '../../core/database.ts'
import { startError } from '../../core/errors.ts'
import type { Inspection } from '../inspection.ts'
import { type AppliedMigration, planMigrations } from '../migrate.ts'
import { createStatements } from './connection.ts'
import { loadDriver, type SqliteConnection } from './driver.ts'
import { toUnusable } from './errors.ts'
import { isEmpty, refuseForeign } from './identity.ts'
import { refuseStrayLog } from './stray-log.ts'

/** How many faults of a file are told. */
const MOST = 5

/**
 * Opens a file to look at it, without the lock that a bus takes: in WAL mode a reader is in nobody's way. It keeps the bus
 * from emptying its log for as long as a statement runs, and no longer.
 *
 * @throws {AppError} As `inspectDatabase`.
 */
export async function inspectSqlite(path: string, migrations: readonly Migration[]): Promise<Inspection> {
  refuseMissing(path)
  refuseStrayLog(path)
  const driver = await loadDriver()
  let connection: SqliteConnection | undefined
  try {
    connection = driver.open(path, true)
    return await openInspection(connection, path, migrations)
  } catch (error) {
    connection?.close()
    throw toUnusable(error, path)
  }
}

/** @throws {AppError} `database_missing`, where nothing can be looked at. */
export function refuseMissing(path: string): void {
  if (path === ':memory:') {
    throw startError('database_missing', 'a database in memory is in its bus alone; name a file with --database-url')
  }
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0) return
  throw startError('database_missing', `there is no database ${path} -- name the one of your bus with --database-url`)
}

async function openInspection(
  connection: SqliteConnection,
  path: string,
  migrations: readonly Migration[],
): Promise<Inspection> {
  connection.exec('pragma query_only = on; pragma busy_timeout = 2000;')
  refuseForeign(connection)
  if (isEmpty(connection)) throw startError('database_missing', `the database ${path} is empty: no bus has used it`)
  // Nobody asks for the time: what is kept is compared with what is kept.
  const reader = createStatements(connection, () => 0)
  const applied = await reader.all<AppliedMigration>(sql`select id, hash from bus_migrations`)
  return {
    reader,
    isCurrent: planMigrations(migrations, applied).length === 0,
    checkFile: async () => checkFile(connection),
    close: async () => connection.close(),
  }
}

/** The engine looks at every page, index and search index, and at what refers to what. */
function checkFile(connection: SqliteConnection): string[] {
  const rows = [`integrity_check(${MOST})`, 'foreign_key_check'].flatMap((pragma) =>
    connection.prepare(`pragma ${pragma}`).all(),
  )
  const texts = rows.map((row) => (typeof row === 'object' && row !== null ? Object.values(row).join(' ') : ''))
  // Of a tree that is damaged one row tells in several lines, under a heading.
  return texts.flatMap((text) => text.split('\n')).filter((text) => text !== 'ok' && !text.startsWith('***'))
}
