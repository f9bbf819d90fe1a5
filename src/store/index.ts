import type { Database } from '../core/database.ts'
import { openSqlite, type SqliteOptions } from './sqlite/database.ts'

/** Opens the store behind the port. */
export function openDatabase(options: SqliteOptions): Promise<Database> {
  return openSqlite(options)
}
