import pg from 'pg'
import { type Database, first, type Reader, sql } from '../../core/database.ts'
import type { Clock } from '../clock.ts'
import { createStatements, toQuickQuery } from './connection.ts'
import { isConnectionLost, toStoreError } from './errors.ts'
import { CLOCK } from './taking-turns.ts'

/** Reads at once on one bus. */
const MAX_READERS = 8

export interface SnapshotReader {
  /** Every statement of the body sees the same moment of the database. */
  readonly read: Database['read']
  /** Resolves when the reads that were accepted are settled: the pool would forget those that wait for a connection. */
  drain(): Promise<void>
  close(): Promise<void>
}

/** @param clock For tests: the clock in place of the database's. */
export function createSnapshotReader(config: pg.ClientConfig, clock: Clock | undefined): SnapshotReader {
  const pool = new pg.Pool({
    ...config,
    max: MAX_READERS,
    idleTimeoutMillis: 30_000,
    // A reader holds nobody up; one that writes an export elsewhere may pause.
    idle_in_transaction_session_timeout: 60_000,
  })
  // A connection that is lost while nobody uses it is nobody's trouble. Whoever uses one finds out with the next statement;
  // between two of them only the event tells, and without a listener the process would end.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  const reads = new Set<Promise<unknown>>()
  return {
    read: async (body) => {
      const result = readSnapshot(pool, clock, body)
      reads.add(result)
      try {
        return await result
      } finally {
        reads.delete(result)
      }
    },
    drain: async () => {
      await Promise.allSettled(reads)
    },
    close: () => pool.end(),
  }
}

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
    (query) => client.query(query),
    async () => {
      moment ??= await readMoment(statements, clock)
      return moment
    },
  )
  try {
    await client.query(toQuickQuery('begin transaction isolation level repeatable read read only'))
    const value = await body({ ...statements, committed: undefined })
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
