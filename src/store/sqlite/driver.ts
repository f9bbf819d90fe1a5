import { startError } from '../../core/errors.ts'

type Value = string | number | null

export interface SqliteStatement {
  all(...values: Value[]): unknown[]
  run(...values: Value[]): unknown
}

/** What this store needs of a driver: the part of `node:sqlite` that both drivers have. */
export interface SqliteConnection {
  exec(sql: string): void
  prepare(sql: string): SqliteStatement
  close(): void
}

export interface SqliteDriver {
  readonly name: string
  readonly sqliteVersion: string
  /** @param readOnly Whether nothing may be changed; then the file must be there. */
  open(path: string, readOnly?: boolean): SqliteConnection
}

interface DriverModule {
  readonly DatabaseSync: new (path: string, options?: { readonly readOnly?: boolean }) => SqliteConnection
}

/** Below this a WAL reset that races with another connection can corrupt the file (sqlite.org, release 3.51.3). */
const MIN_SQLITE = [3, 51, 3] as const

/**
 * Loads the SQLite of this Node where it is new enough, and the one inside our dependency otherwise. Both have the same
 * API, so nothing else knows which one runs.
 */
export async function loadDriver(): Promise<SqliteDriver> {
  const builtIn = loadBuiltIn()
  if (builtIn) {
    const driver = describeDriver('node:sqlite', builtIn)
    if (isAtLeast(driver.sqliteVersion, MIN_SQLITE)) return driver
  }
  const driver = describeDriver('@photostructure/sqlite', await import('@photostructure/sqlite'))
  if (!isAtLeast(driver.sqliteVersion, MIN_SQLITE)) {
    throw startError(
      'sqlite_too_old',
      `SQLite ${driver.sqliteVersion} can corrupt a database (fixed in ${MIN_SQLITE.join('.')}) -- reinstall bus-mcp`,
    )
  }
  return driver
}

export function isAtLeast(version: string, minimum: readonly number[]): boolean {
  const parts = version.split('.').map(Number)
  for (const [index, least] of minimum.entries()) {
    const part = parts[index] ?? 0
    if (part !== least) return part > least
  }
  return true
}

function loadBuiltIn(): DriverModule | undefined {
  // Node 22 warns on stderr that its SQLite is experimental. Our own tests run on it, and the user cannot act on it.
  const emitWarning = process.emitWarning
  process.emitWarning = () => {}
  try {
    const module: object | undefined = process.getBuiltinModule?.('node:sqlite')
    return module && isDriverModule(module) ? module : undefined
  } finally {
    process.emitWarning = emitWarning
  }
}

function isDriverModule(module: object): module is DriverModule {
  return 'DatabaseSync' in module
}

function describeDriver(name: string, { DatabaseSync }: DriverModule): SqliteDriver {
  const probe = new DatabaseSync(':memory:')
  const [row] = probe.prepare('select sqlite_version() as version').all()
  probe.close()
  const sqliteVersion =
    typeof row === 'object' && row !== null && 'version' in row ? String(row.version) : 'of unknown version'
  return { name, sqliteVersion, open: (path, readOnly = false) => new DatabaseSync(path, { readOnly }) }
}
