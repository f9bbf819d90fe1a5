import { isPostgresUrl, type Migration, type Reader } from '../core/database.ts'

/**
 * A database as whoever only looks at it has it: nothing of it is locked, changed or migrated, and a bus may serve it
 * meanwhile. Each statement sees one moment, and two of them may see two.
 */
export interface Inspection {
  readonly reader: Pick<Reader, 'engine' | 'all'>
  /** Whether it has all the tables of this version; an older one made the others. */
  readonly isCurrent: boolean
  /** What the engine finds wrong with its own file, in its words; empty when that is whole. Absent where only a server could look. */
  readonly checkFile?: () => Promise<readonly string[]>
  close(): Promise<void>
}

export interface InspectOptions {
  /** A file, or the URL of a PostgreSQL database. */
  readonly place: string
  readonly migrations: readonly Migration[]
}

/**
 * Opens a database to look at it.
 *
 * @throws {AppError} `database_missing`, `database_unusable`, `database_newer`, `database_changed`: one line for the user.
 */
export async function inspectDatabase({ place, migrations }: InspectOptions): Promise<Inspection> {
  if (!isPostgresUrl(place)) {
    const { inspectSqlite } = await import('./sqlite/inspect.ts')
    return inspectSqlite(place, migrations)
  }
  const { inspectPostgres } = await import('./postgres/inspect.ts')
  return inspectPostgres(place, migrations)
}
