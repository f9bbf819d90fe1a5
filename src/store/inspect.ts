import { isPostgresUrl, type Migration } from '../core/database.ts'
import type { Inspection } from './inspection.ts'

export interface InspectOptions {
  /** A file, or the URL of a PostgreSQL database. */
  readonly place: string
  readonly migrations: readonly Migration[]
}

/**
 * Opens a database to look at it.
 *
 * @throws {AppError} `database_missing`, `database_unusable`, `database_inconsistent` for a damaged file, `database_newer`,
 *   `database_changed`: one line for the user.
 */
export async function inspectDatabase({ place, migrations }: InspectOptions): Promise<Inspection> {
  if (!isPostgresUrl(place)) {
    const { inspectSqlite } = await import('./sqlite/inspect.ts')
    return inspectSqlite(place, migrations)
  }
  const { inspectPostgres } = await import('./postgres/inspect.ts')
  return inspectPostgres(place, migrations)
}
