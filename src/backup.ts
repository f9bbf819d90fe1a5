import { isPostgresUrl, single, sql } from './core/database.ts'
import { startError } from './core/errors.ts'
import { type Inspection, inspect, invariants, look } from './inspect.ts'
import { backUp } from './store/sqlite/backup.ts'

export interface Backup {
  /** Messages, lanes and events in the copy; undefined for tables of an older version. */
  readonly rows: number | undefined
  readonly bytes: number
  /** How many looks the copy passed. */
  readonly looks: number
}

/**
 * Copies a database into a new file, also while a bus serves it, and looks at the copy as `bus-mcp check` does before it has its
 * name.
 *
 * @throws {AppError} `backup_unsupported`, `database_inconsistent`, and what `backUp` and `inspectDatabase` throw.
 */
export async function backUpDatabase(place: string, target: string): Promise<Backup> {
  if (isPostgresUrl(place)) {
    throw startError(
      'backup_unsupported',
      'a database on PostgreSQL is backed up with pg_dump, while its buses run; bus-mcp export FILE carries it off into any other database',
    )
  }
  let verified: Omit<Backup, 'bytes'> | undefined
  const bytes = await backUp({
    path: place,
    target,
    verify: async (copy) => {
      verified = await verifyCopy(copy)
    },
  })
  if (!verified) throw new Error('a backup was kept that nobody looked at')
  return { ...verified, bytes }
}

async function verifyCopy(copy: string): Promise<Omit<Backup, 'bytes'>> {
  const inspection = await inspect(copy)
  try {
    const all = inspection.isCurrent ? invariants : []
    let looks = 0
    const wrong = await look(inspection, all, () => {
      looks += 1
    })
    const [first] = wrong
    if (first) {
      throw startError(
        'database_inconsistent',
        `the copy does not pass ${first.name} (${first.violations[0]}), so it was not kept -- run bus-mcp check on the database`,
      )
    }
    // To copy what an older version made is what one does before an update: then the file alone can be looked at.
    return { rows: inspection.isCurrent ? await countRows(inspection.reader) : undefined, looks }
  } finally {
    await inspection.close()
  }
}

async function countRows(reader: Inspection['reader']): Promise<number> {
  const { rows } = await single<{ rows: number }>(
    reader,
    sql`select (select count(*) from messages) + (select count(*) from lanes) + (select count(*) from events) as rows`,
  )
  return rows
}
