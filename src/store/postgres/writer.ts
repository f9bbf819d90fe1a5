import pg from 'pg'
import { single, sql } from '../../core/database.ts'
import type { Clock } from '../clock.ts'
import type { EndedOutage, Writer } from '../group-commit.ts'
import { createStatements, toClientConfig } from './connection.ts'
import { isConnectionLost, toCommitError, toStoreError } from './errors.ts'
import { announce } from './listener.ts'

export interface WriterOptions {
  readonly url: string
  /** Tells this bus's announcements from the others'. */
  readonly nodeId: string
  readonly outageMs: number
  /** For tests: the clock in place of the database's. */
  readonly clock: Clock | undefined
}

interface StoreRow {
  readonly last_moment: number
  readonly moment: number
}

/**
 * The one connection that this bus writes on, opened when it is needed and again after it was lost.
 *
 * A turn begins with the lock on the row of `bus_store`: one bus writes at a time. They would wait for each other in any
 * case, for every change takes the next number of the one sequence of events. So what holds in one process holds among
 * several: nothing comes between the statements of a turn, no two turns can wait for each other, and the sequence is that
 * of the commits.
 *
 * The clock is the database's, read after the lock, and never before the last moment that any bus wrote; within the turn
 * it goes on with this machine's stopwatch, some milliseconds at the most.
 */
export function createWriter({ url, nodeId, outageMs, clock }: WriterOptions): Writer & { close(): Promise<void> } {
  let client: pg.Client | undefined
  let turn = { startedAt: 0, moment: 0 }
  const now = () =>
    clock ? Math.max(clock(), turn.moment) : turn.moment + Math.floor(performance.now() - turn.startedAt)

  const open = async () => {
    if (client) return client
    const fresh = new pg.Client(toClientConfig(url))
    // Whoever uses it next finds out; without a listener the process would end.
    fresh.on('error', () => forget(fresh))
    fresh.on('end', () => forget(fresh))
    await fresh.connect()
    client = fresh
    return fresh
  }
  const forget = (lost: pg.Client) => {
    if (client === lost) client = undefined
  }
  const getClient = () => {
    if (!client) throw new Error('Connection terminated')
    return client
  }
  const query = async (text: string) => {
    await getClient().query(text)
  }
  const statements = createStatements(getClient, async () => now())

  return {
    statements,
    begin: async (): Promise<EndedOutage | undefined> => {
      await (await open()).query('begin')
      const { last_moment, moment } = await single<StoreRow>(
        statements,
        // The clock outside: beside the lock, it is read before it, and that stands when nobody changed the row meanwhile.
        sql`
          with turn as materialized (select last_moment from bus_store for update)
          select last_moment, ${CLOCK} as moment from turn`,
      )
      const read = clock ? clock() : moment
      turn = { startedAt: performance.now(), moment: Math.max(read, last_moment) }
      const isOutage = last_moment > 0 && turn.moment - last_moment > outageMs
      // The commit itself settles it: its moment is the last one then.
      return isOutage ? { outage: { from: last_moment, to: turn.moment }, settle: () => {} } : undefined
    },
    savepoint: () => query('savepoint job'),
    undo: () => query('rollback to savepoint job'),
    release: () => query('release savepoint job'),
    seal: async (channels) => {
      await announce(statements, nodeId, channels)
      await statements.run(sql`update bus_store set last_moment = ${now()}`)
    },
    commit: () => query('commit'),
    rollBack: async () => {
      try {
        await query('rollback')
      } catch (error) {
        // Lost with its connection, and so rolled back by the server.
        if (!isConnectionLost(error)) throw error
      }
    },
    toStoreError,
    toCommitError,
    close: async () => {
      await client?.end()
    },
  }
}

/** The database's clock in epoch milliseconds, at this very statement and not at the beginning of its transaction. */
export const CLOCK = sql`cast(floor(extract(epoch from clock_timestamp()) * 1000) as bigint)`
