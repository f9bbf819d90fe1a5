import type pg from 'pg'
import { single, sql } from '../../core/database.ts'
import { type AppError, commonError } from '../../core/errors.ts'
import type { Clock } from '../clock.ts'
import type { EndedOutage, Writer } from '../group-commit.ts'
import { createStatements, toQuickQuery } from './connection.ts'
import { DURABILITY, type DurabilityRow, describeDurability, isDurable } from './durability.ts'
import { isConnectionLost, toCommitError, toStoreError } from './errors.ts'
import { createKeptClient } from './kept-client.ts'
import { announce } from './listener.ts'

export interface WriterOptions {
  readonly config: pg.ClientConfig
  /** Tells this bus's announcements from the others'. */
  readonly nodeId: string
  readonly outageMs: number
  /** Goes on with a server that may lose acknowledged writes. */
  readonly allowUnsafe: boolean
  /** Is told how durable the server is in this turn. */
  readonly onDurability: (durability: string) => void
  /** For tests: the clock in place of the database's. */
  readonly clock: Clock | undefined
}

/**
 * The server's clock has been set back when it is behind the last moment by more than this. Less is how clocks are kept
 * right all the time, and time stands still for it.
 */
const SET_BACK_MS = 1_000

interface StoreRow extends DurabilityRow {
  /** That any bus wrote last. */
  readonly last_moment: number
  /** What the database's clock shows. */
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
 * it goes on with this machine's stopwatch, some milliseconds at the most. While the database's clock is behind because it
 * was set back, it goes on with that stopwatch from turn to turn, or no lease would end until then.
 */
export function createWriter(options: WriterOptions): Writer & { close(): Promise<void> } {
  const { config, nodeId, outageMs, clock, allowUnsafe, onDurability } = options
  const client = createKeptClient(config)
  let hasSavepoint = false
  let turn = { startedAt: 0, moment: 0 }
  const now = () =>
    clock ? Math.max(clock(), turn.moment) : turn.moment + Math.floor(performance.now() - turn.startedAt)
  const findMoment = ({ last_moment, moment }: StoreRow) => {
    if (clock) return Math.max(clock(), last_moment)
    const isSetBack = moment < last_moment - SET_BACK_MS
    return Math.max(moment, last_moment, isSetBack ? now() : 0)
  }
  const query = async (text: string) => {
    await client.query({ text })
  }
  const statements = createStatements(client.query, async () => now())

  const openTransaction = async () => {
    const wasOpen = client.isOpen()
    const tryOnce = async () => {
      await client.open()
      await client.query(toQuickQuery('begin'))
    }
    try {
      await tryOnce()
    } catch (error) {
      // A connection that was lost while nobody used it is found out here, and nothing is under way yet.
      if (!wasOpen || !isConnectionLost(error)) throw error
      await tryOnce()
    }
  }
  const takeTurn = () =>
    single<StoreRow>(
      statements,
      // The clock outside: beside the lock it is read before it, and that stands when nobody changed the row meanwhile.
      sql`
        with turn as materialized (select last_moment from bus_store for update)
        select last_moment, ${CLOCK} as moment, ${DURABILITY} from turn`,
    )
  return {
    statements,
    isShared: true,
    begin: async (): Promise<EndedOutage | undefined> => {
      await openTransaction()
      const row = await takeTurn()
      const durability = describeDurability(row)
      onDurability(durability)
      // In each turn, for it costs nothing there: no write is acknowledged that the server may lose.
      if (!allowUnsafe && !isDurable(row)) throw unsafeNow(durability)
      const { last_moment } = row
      hasSavepoint = false
      turn = { moment: findMoment(row), startedAt: performance.now() }
      const isOutage = last_moment > 0 && turn.moment - last_moment > outageMs
      // The commit itself settles it: its moment is the last one then.
      return isOutage ? { outage: { from: last_moment, to: turn.moment }, settle: () => {} } : undefined
    },
    savepoint: () => {
      const text = hasSavepoint ? 'release savepoint job; savepoint job' : 'savepoint job'
      hasSavepoint = true
      return query(text)
    },
    undo: () => query('rollback to savepoint job'),
    // With the next savepoint, or with the commit: that saves a round trip for each body.
    release: async () => {},
    seal: async (channels) => {
      await announce(statements, nodeId, channels)
      await statements.run(sql`update bus_store set last_moment = ${now()}`)
    },
    commit: () => query('commit'),
    // With the connection, whatever is wrong with it: the server rolls back, and the next turn finds a server that writes.
    rollBack: client.drop,
    toStoreError,
    toCommitError,
    close: client.close,
  }
}

function unsafeNow(durability: string): AppError {
  return commonError(
    'store_unavailable',
    `nothing was changed: the PostgreSQL server may lose what it acknowledges now (${durability}) -- turn these on again`,
    { retry_after_ms: 1000 },
  )
}

/** The database's clock in epoch milliseconds, at this very statement and not at the beginning of its transaction. */
export const CLOCK = sql`cast(floor(extract(epoch from clock_timestamp()) * 1000) as bigint)`
