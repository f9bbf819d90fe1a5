import { closeSync, mkdirSync, openSync, realpathSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Log } from '../../core/context.ts'
import { type Database, type Migration, type OnOutage, single, sql } from '../../core/database.ts'
import { startError } from '../../core/errors.ts'
import type { Statements } from '../bodies.ts'
import { type Clock, createClock, createStopwatch, type Stopwatch } from '../clock.ts'
import { createGroupCommit, type OnCommit } from '../group-commit.ts'
import { applyMigrations } from '../migrate.ts'
import { createVigil, SIGNS_PER_OUTAGE } from '../vigil.ts'
import { createWakeUps } from '../wake-ups.ts'
import { createSnapshotReader, createStatements, rollBack, type SnapshotReader } from './connection.ts'
import { loadDriver, type SqliteConnection, type SqliteDriver } from './driver.ts'
import { toUnusable } from './errors.ts'
import { APPLICATION_ID, readPragma, refuseForeign } from './identity.ts'
import { lockFile, OWNER_ONLY } from './lock.ts'
import { watchContent } from './own-content.ts'
import { rememberFiles, unlosableFiles } from './own-files.ts'
import { refuseStrayLog } from './stray-log.ts'
import { createWriter } from './writer.ts'

/** A recycled WAL syncs two to three times faster than a growing one; 4,000 pages gave 12 to 24 % in the lab. */
const WAL_AUTOCHECKPOINT_PAGES = 4000

/**
 * What a connection keeps of the file, in KiB, at the most; SQLite would keep 2,000. A page of a topic is spread over some
 * forty pages of the file, and to read them again each time is most of its cost.
 */
const CACHE_KIB = 16_384

/** Nobody could be heard for longer than a slow commit takes. */
const OUTAGE_MS = 15_000

export interface SqliteOptions {
  /** The file, made with its folder when it is not there; `:memory:` keeps nothing. */
  readonly path: string
  /** In the order in which they are applied. */
  readonly migrations: readonly Migration[]
  /**
   * Runs in the first transaction after an outage, before any body: after each start but the very first, and after the
   * process could not run for a while, or the machine slept. While it fails, nothing is written, and it is tried again.
   */
  readonly onOutage?: OnOutage
  /** Is told each commit: how many writes shared it, and how long it took with its sync, in seconds. */
  readonly onCommit?: OnCommit | undefined
  /** Whether a bus is to serve it, and not somebody to carry the data elsewhere. Yes when left out. */
  readonly isForService?: boolean
  /** Is told when the files are lost while the store is open. */
  readonly log?: Log | undefined
  /** For tests: makes the clock, given the last moment that the store wrote. */
  readonly createClock?: ((notBefore: number, stopwatch: Stopwatch) => Clock) | undefined
  /** For tests: how long no sign of life makes an outage, in milliseconds. */
  readonly outageMs?: number | undefined
  /** For tests: what outages are measured with, and the store's own clock is built on. */
  readonly stopwatch?: Stopwatch | undefined
}

/**
 * Opens the embedded store: every acknowledged write is on the disk, and this process is the only bus on the file.
 *
 * @throws {AppError} `database_in_use`, `database_newer`, `database_changed`, `database_unusable`, `database_inconsistent` for a
 *   damaged file: one line for the user.
 */
export async function openSqlite(options: SqliteOptions): Promise<Database> {
  const driver = await loadDriver()
  if (options.path === ':memory:') return openConnections(driver, ':memory:', options, () => {})

  try {
    const path = locateFile(options.path)
    const lock = lockFile(driver, path)
    try {
      refuseStrayLog(path)
    } catch (error) {
      lock.release()
      throw error
    }
    return await openConnections(driver, path, options, lock.release)
  } catch (error) {
    throw toUnusable(error, options.path)
  }
}

async function openConnections(
  driver: SqliteDriver,
  path: string,
  options: SqliteOptions,
  release: () => void,
): Promise<Database> {
  const connections: SqliteConnection[] = []
  const connect = () => {
    const connection = driver.open(path)
    connections.unshift(connection)
    return connection
  }
  const closeAll = () => {
    for (const connection of connections) connection.close()
    release()
  }
  try {
    return await openStore(driver, connect, { ...options, path }, closeAll)
  } catch (error) {
    closeAll()
    throw error
  }
}

async function openStore(
  driver: SqliteDriver,
  connect: () => SqliteConnection,
  options: SqliteOptions,
  closeAll: () => void,
): Promise<Database> {
  const isInMemory = options.path === ':memory:'
  const { createClock: makeClock = createClock, outageMs = OUTAGE_MS, stopwatch = createStopwatch() } = options
  const connection = connect()
  prepareWriter(connection)
  const setup = createStatements(connection, createClock(0))
  await updateSchema(setup, connection, options)
  const { epoch, last_moment } = await single<{ epoch: string; last_moment: number }>(
    setup,
    sql`select epoch, last_moment from bus_store`,
  )
  const now = makeClock(last_moment, stopwatch)
  const wakeUps = createWakeUps()
  const vigil = createVigil(stopwatch, now, outageMs, last_moment === 0 ? undefined : last_moment)
  const readers = isInMemory ? createSnapshotReader(connection, now) : openReader(connect(), now)
  const files = isInMemory
    ? unlosableFiles
    : rememberFiles({
        path: options.path,
        log: options.log,
        isOverwritten: watchContent(driver, options.path, () => emptyLog(connection)),
        rescue: () => emptyLog(connection),
      })
  const writer = createGroupCommit(
    createWriter(connection, now, vigil, readers, isInMemory, files),
    wakeUps,
    options.onOutage ?? (async () => {}),
    options.onCommit,
  )
  const probe = () => writer.write(async () => {})
  const giveSign = async () => {
    files.look()
    // What fails here fails for the next caller, too, who is told.
    if (vigil.look()) await probe().catch(() => {})
  }
  const signs = setInterval(giveSign, outageMs / SIGNS_PER_OUTAGE).unref()
  const database: Database = {
    epoch,
    durability: () =>
      isInMemory ? 'nothing is kept: the database is in memory' : 'every commit is synced (WAL, synchronous FULL)',
    write: writer.write,
    read: async (body) => {
      // Nobody is shown what is about to be put right.
      if (vigil.isOverdue()) await giveSign()
      return readers.read(body)
    },
    listen: wakeUps.listen,
    probe,
    size: async () =>
      isInMemory
        ? { database: pageBytes(connection) }
        : { database: fileBytes(options.path), wal: fileBytes(`${options.path}-wal`) },
    close: async () => {
      clearInterval(signs)
      // The next start then knows to the millisecond how long nobody was there.
      await probe().catch(() => {})
      await writer.end()
      await readers.drain()
      if (!isInMemory) emptyLog(connection)
      closeAll()
    },
  }
  await database.probe()
  if (!isInMemory) assertDurable(connection)
  return database
}

function prepareWriter(connection: SqliteConnection): void {
  refuseForeign(connection)
  // The drivers are compiled to fall back to NORMAL in WAL mode, so FULL is said after WAL, and asserted after a write.
  connection.exec(`
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma fullfsync = on;
    pragma checkpoint_fullfsync = on;
    pragma wal_autocheckpoint = ${WAL_AUTOCHECKPOINT_PAGES};
    pragma cache_size = ${-CACHE_KIB};
    pragma busy_timeout = 2000;
    pragma application_id = ${APPLICATION_ID};`)
}

/** Leaves everything in the one file. Closing alone does not: a driver may keep the file open for its statements' sake. */
function emptyLog(connection: SqliteConnection): void {
  try {
    connection.exec('pragma wal_checkpoint(truncate)')
  } catch {
    // What is in the log is as durable as the rest, and the next start takes it over.
  }
}

function openReader(connection: SqliteConnection, now: Clock): SnapshotReader {
  connection.exec(`pragma query_only = on; pragma cache_size = ${-CACHE_KIB}; pragma busy_timeout = 2000;`)
  // Opens the log now: later there may be no file descriptor left for it.
  connection.prepare('select 1 from sqlite_schema limit 1').all()
  return createSnapshotReader(connection, now)
}

function assertDurable(connection: SqliteConnection): void {
  const mode = readPragma(connection, 'journal_mode')
  const synchronous = readPragma(connection, 'synchronous')
  if (mode !== 'wal' || synchronous !== 2) {
    throw startError(
      'database_unusable',
      `SQLite does not sync every commit here (journal_mode ${mode}, synchronous ${synchronous}); name a file on a local disk`,
    )
  }
}

/** Brings the schema up to date, all or nothing. */
async function updateSchema(
  statements: Statements,
  connection: SqliteConnection,
  { migrations, isForService }: SqliteOptions,
): Promise<void> {
  connection.exec('begin immediate')
  try {
    await applyMigrations(statements, async (text) => connection.exec(text), migrations, isForService)
    connection.exec('commit')
  } catch (error) {
    rollBack(connection)
    throw error
  }
}

/** None where there is no such file. */
function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function pageBytes(connection: SqliteConnection): number {
  return Number(readPragma(connection, 'page_count')) * Number(readPragma(connection, 'page_size'))
}

/** The file's one true path, so that two names of one file make one lock. */
function locateFile(path: string): string {
  const file = resolve(path)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  try {
    return realpathSync(file)
  } catch {
    // Only a file that is there has a true path, and a link may point to one that is not there yet.
    closeSync(openSync(file, 'a', OWNER_ONLY))
    return realpathSync(file)
  }
}
