import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { type Database, type Migration, type OnOutage, type StoreSize, single, sql } from '../../core/database.ts'
import { AppError, hideCredentials, startError } from '../../core/errors.ts'
import { type Clock, createStopwatch, type Stopwatch } from '../clock.ts'
import { createGroupCommit, type OnCommit } from '../group-commit.ts'
import { applyMigrations } from '../migrate.ts'
import { createWakeUps } from '../wake-ups.ts'
import { createConnections, createStatements } from './connection.ts'
import { checkServer } from './durability.ts'
import { findOutsideCause } from './errors.ts'
import { listenToOthers } from './listener.ts'
import { createSnapshotReader } from './reader.ts'
import { CLOCK } from './taking-turns.ts'
import { createWriter } from './writer.ts'

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
  /** Whether statements may take as long as they take, as for one that carries all the data elsewhere. */
  readonly isPatient?: boolean
  /** As of the other engine. */
  readonly isForService?: boolean
  /** As of the other engine; an outage is one of all buses on the database. */
  readonly onOutage?: OnOutage
  /** As of the other engine. */
  readonly onCommit?: OnCommit | undefined
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
  const { url, isPatient = false, outageMs = OUTAGE_MS } = options
  const prepared = await prepareDatabase(options)
  const { epoch, lastMoment } = prepared
  let { durability } = prepared
  const clock = options.createClock?.(lastMoment, createStopwatch())
  const nodeId = randomUUID()
  const wakeUps = createWakeUps()
  const connections = createConnections(url, isPatient)
  const { config } = connections
  const writer = createWriter({
    ...{ connections, nodeId, outageMs, clock },
    allowUnsafe: options.allowUnsafe ?? false,
    onDurability: (found) => {
      durability = found
    },
  })
  const commits = createGroupCommit(writer, wakeUps, options.onOutage ?? (async () => {}), options.onCommit)
  const reader = createSnapshotReader(config, clock)
  const others = await listenToOthers(config, nodeId, wakeUps)
  const probe = () => commits.write(async () => {})
  const database: Database = {
    epoch,
    durability: () => durability,
    write: commits.write,
    read: reader.read,
    listen: wakeUps.listen,
    probe,
    size: () =>
      reader.read((statements) =>
        single<StoreSize>(statements, sql`select cast(pg_database_size(current_database()) as float8) as database`),
      ),
    close: async () => {
      await commits.end()
      await reader.drain()
      await connections.end(Promise.all([others.close(), reader.close(), writer.close()]))
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

async function prepareDatabase({ url, migrations, allowUnsafe = false, isForService }: PostgresOptions) {
  // Another bus may be at it, and a large log takes longer than a turn.
  const client = new pg.Client(createConnections(url, true).config)
  client.on('error', () => {})
  await client.connect()
  try {
    const durability = await checkServer(client, allowUnsafe)
    const statements = createStatements(
      (query) => client.query(query),
      async () => (await single<{ at: number }>(statements, sql`select ${CLOCK} as at`)).at,
    )
    await client.query('set lock_timeout = 0; set statement_timeout = 0')
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
    await applyMigrations(statements, async (text) => void (await client.query(text)), migrations, isForService)
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
