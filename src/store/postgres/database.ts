import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { type Database, first, type Migration, type OnOutage, type Reader, single, sql } from '../../core/database.ts'
import { AppError, hideCredentials, startError } from '../../core/errors.ts'
import { type Clock, createStopwatch, type Stopwatch } from '../clock.ts'
import { createGroupCommit } from '../group-commit.ts'
import { applyMigrations } from '../migrate.ts'
import { createWakeUps } from '../wake-ups.ts'
import { createStatements, toClientConfig } from './connection.ts'
import { checkServer } from './durability.ts'
import { findOutsideCause, isConnectionLost, toStoreError } from './errors.ts'
import { listenToOthers } from './listener.ts'
import { CLOCK, createWriter } from './writer.ts'

/** Reads at once on one bus. */
const MAX_READERS = 8

/** Longer than all buses take to prove that they live, while anybody holds a lane. */
const OUTAGE_MS = 15_000

/** Any number, the same for every bus: two that start at once migrate one after the other. */
const MIGRATION_LOCK = 4_212_553_301

export interface PostgresOptions {
  /** As in `postgres://user@host/database`. */
  readonly url: string
  /** In the order in which they are applied. */
  readonly migrations: readonly Migration[]
  /** Takes a server that may lose acknowledged writes. */
  readonly allowUnsafe?: boolean | undefined
  /** As of the other engine; an outage is one of all buses on the database. */
  readonly onOutage?: OnOutage
  /** For tests: the clock in place of the database's. */
  readonly createClock?: ((notBefore: number, stopwatch: Stopwatch) => Clock) | undefined
  /** For tests: how long no sign of life makes an outage, in milliseconds. */
  readonly outageMs?: number | undefined
}

/**
 * Opens a store that several buses share.
 *
 * @throws {AppError} `database_unusable`, `database_unsafe`, `database_newer`, `database_changed`: one line for the user.
 */
export async function openPostgres(options: PostgresOptions): Promise<Database> {
  try {
    return await openStore(options)
  } catch (error) {
    if (error instanceof AppError) throw error
    const cause = error instanceof Error && error.message !== '' ? error.message : findOutsideCause(error)
    throw startError('database_unusable', `cannot use the database ${hideCredentials(options.url)}: ${cause}`)
  }
}

async function openStore(options: PostgresOptions): Promise<Database> {
  const { url, outageMs = OUTAGE_MS } = options
  const { epoch, lastMoment, durability } = await prepareDatabase(options)
  const clock = options.createClock?.(lastMoment, createStopwatch())
  const nodeId = randomUUID()
  const wakeUps = createWakeUps()
  const writer = createWriter({ url, nodeId, outageMs, clock })
  const commits = createGroupCommit(writer, wakeUps, options.onOutage ?? (async () => {}))
  const pool = new pg.Pool({
    ...toClientConfig(url),
    max: MAX_READERS,
    idleTimeoutMillis: 30_000,
    // A reader holds nobody up; one that writes an export elsewhere may pause.
    idle_in_transaction_session_timeout: 60_000,
  })
  // A connection that is lost while nobody uses it is nobody's trouble. Whoever uses one finds out with the next statement;
  // between two of them only the event tells, and without a listener the process would end.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  const others = await listenToOthers(url, nodeId, wakeUps)
  const probe = () => commits.write(async () => {})
  const reads = new Set<Promise<unknown>>()
  const read: Database['read'] = async (body) => {
    const result = readSnapshot(pool, clock, body)
    reads.add(result)
    try {
      return await result
    } finally {
      reads.delete(result)
    }
  }
  const database: Database = {
    epoch,
    durability,
    write: commits.write,
    read,
    listen: wakeUps.listen,
    probe,
    close: async () => {
      await commits.end()
      // The pool forgets those that still wait for a connection.
      await Promise.allSettled(reads)
      await others.close()
      await pool.end()
      await writer.close()
    },
  }
  try {
    await probe()
  } catch (error) {
    await database.close()
    throw error
  }
  return database
}

async function prepareDatabase({ url, migrations, allowUnsafe = false }: PostgresOptions) {
  const client = new pg.Client(toClientConfig(url))
  client.on('error', () => {})
  await client.connect()
  try {
    const durability = await checkServer(client, allowUnsafe)
    const statements = createStatements(
      () => client,
      async () => (await single<{ at: number }>(statements, sql`select ${CLOCK} as at`)).at,
    )
    // Another bus may be at it, and a large log takes longer than a turn.
    await client.query('set lock_timeout = 0; set statement_timeout = 0')
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
    await applyMigrations(statements, async (text) => void (await client.query(text)), migrations)
    const { epoch, last_moment } = await single<{ epoch: string; last_moment: number }>(
      statements,
      sql`select epoch, last_moment from bus_store`,
    )
    await client.query('commit')
    return { epoch, lastMoment: last_moment, durability }
  } finally {
    await client.end()
  }
}

/** Every statement of the body sees the same moment of the database. */
async function readSnapshot<T>(
  pool: pg.Pool,
  clock: Clock | undefined,
  body: (reader: Reader) => Promise<T>,
): Promise<T> {
  let client: pg.PoolClient
  try {
    client = await pool.connect()
  } catch (error) {
    throw toStoreError(error)
  }
  let moment: number | undefined
  const statements = createStatements(
    () => client,
    async () => {
      moment ??= await readMoment(statements, clock)
      return moment
    },
  )
  try {
    await client.query('begin transaction isolation level repeatable read read only')
    const value = await body(statements)
    await client.query('commit')
    client.release()
    return value
  } catch (error) {
    // A connection in an unknown state goes; the next reader opens another.
    const isBroken =
      isConnectionLost(error) ||
      (await client.query('rollback').then(
        () => false,
        () => true,
      ))
    client.release(isBroken)
    throw toStoreError(error)
  }
}

async function readMoment(reader: Pick<Reader, 'all'>, clock: Clock | undefined): Promise<number> {
  const row = await first<{ last_moment: number; moment: number }>(
    reader,
    sql`select last_moment, ${CLOCK} as moment from bus_store`,
  )
  return Math.max(row?.last_moment ?? 0, clock ? clock() : (row?.moment ?? 0))
}
