import { capabilities } from './capabilities/index.ts'
import type { Database } from './core/database.ts'
import { type OpenOptions, openStore } from './open-store.ts'
import { exportAll, importAll } from './store/transfer.ts'

type Place = Pick<OpenOptions, 'place' | 'allowUnsafe'>

const tables = capabilities.flatMap((capability) => capability.tables ?? [])

/** Writes all that a database holds, as lines. Returns the number of rows. */
export function exportDatabase(place: Place, write: (line: string) => Promise<void>): Promise<number> {
  return withStore(place, (database) => exportAll(database, tables, write))
}

/** Takes an export over into an empty database. Returns the number of rows. */
export function importDatabase(place: Place, lines: AsyncIterable<string>): Promise<number> {
  return withStore(place, (database) => importAll(database, tables, lines))
}

/** Brings the tables of a database up to date, and makes them where there are none. */
export function migrateDatabase(place: Place): Promise<void> {
  return withStore(place, async () => {})
}

async function withStore<T>(place: Place, use: (database: Database) => Promise<T>): Promise<T> {
  const database = await openStore({ ...place, forService: false })
  try {
    return await use(database)
  } finally {
    await database.close()
  }
}
