import { onTestFinished } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { openSqlite, type SqliteOptions } from '../../src/store/sqlite/database.ts'
import { itemMigrations } from './items.ts'

/** Opens an SQLite database, with the table of items unless told otherwise; closed after the test at the latest. */
export async function openTestDatabase(options: Partial<SqliteOptions> & { readonly path: string }): Promise<Database> {
  return closeAfterTest(await openSqlite({ migrations: itemMigrations, ...options }))
}

/** The same database, whose end may be asked for twice; closed after the test at the latest. */
export function closeAfterTest(database: Database): Database {
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= database.close()
    return closed
  }
  onTestFinished(close)
  return { ...database, close }
}
