import { type Database, isPostgresUrl } from '../core/database.ts'
import type { PostgresOptions } from './postgres/database.ts'
import type { SqliteOptions } from './sqlite/database.ts'

export interface StoreOptions extends Omit<SqliteOptions, 'path'>, Omit<PostgresOptions, 'url' | keyof SqliteOptions> {
  /** A file, `:memory:`, or the URL of a PostgreSQL database. */
  readonly place: string
}

/** Opens the store behind the port, and loads no other engine than the one that is asked for. */
export async function openDatabase({ place, ...options }: StoreOptions): Promise<Database> {
  if (!isPostgresUrl(place)) {
    const { openSqlite } = await import('./sqlite/database.ts')
    return openSqlite({ path: place, ...options })
  }
  const { openPostgres } = await import('./postgres/database.ts')
  return openPostgres({ url: place, ...options })
}
