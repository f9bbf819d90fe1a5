import { type AppError, commonError } from '../../core/errors.ts'
import type { Clock } from '../clock.ts'
import type { EndedOutage, Writer } from '../group-commit.ts'
import type { Connections } from './connection.ts'
import { describeDurability, isDurable } from './durability.ts'
import { toCommitError, toStoreError } from './errors.ts'
import { createKeptClient } from './kept-client.ts'
import { announce } from './listener.ts'
import { keepMoment, type StoreRow, takeTurn } from './taking-turns.ts'
import { createTurn, untilAnswered } from './turn.ts'

export interface WriterOptions {
  readonly connections: Connections
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
  const { connections, nodeId, outageMs, clock, allowUnsafe, onDurability } = options
  const client = createKeptClient(connections)
  let begun = { at: 0, moment: 0 }
  const now = () => (clock ? Math.max(clock(), begun.moment) : begun.moment + Math.floor(performance.now() - begun.at))
  const findMoment = ({ last_moment, moment }: StoreRow) => {
    if (clock) return Math.max(clock(), last_moment)
    const isSetBack = moment < last_moment - SET_BACK_MS
    return Math.max(moment, last_moment, isSetBack ? now() : 0)
  }
  const turn = createTurn(client.query, async () => now())
  const { statements } = turn
  /** What this bus wrote last. */
  let ownWork: string | undefined
  let hasOthersWork = true

  return {
    statements,
    hasOthersWork: () => hasOthersWork,
    begin: async (foreseen): Promise<EndedOutage | undefined> => {
      turn.begin()
      const { row, isNewConnection } = await takeTurn(client, statements, () => turn.foresee(foreseen))
      hasOthersWork = isNewConnection || row.written_by !== ownWork
      const durability = describeDurability(row)
      onDurability(durability)
      // In each turn, for it costs nothing there: no write is acknowledged that the server may lose.
      if (!allowUnsafe && !isDurable(row)) throw unsafeNow(durability)
      const { last_moment } = row
      begun = { moment: findMoment(row), at: performance.now() }
      const isOutage = last_moment > 0 && begun.moment - last_moment > outageMs
      // The commit itself settles it: its moment is the last one then.
      return isOutage ? { outage: { from: last_moment, to: begun.moment }, settle: () => {} } : undefined
    },
    savepoint: async () => turn.beginBody(),
    undo: turn.undoBody,
    // With the next savepoint, or with the commit.
    release: async () => {},
    seal: async (channels) => {
      const sent = [turn.flush(), announce(statements, nodeId, channels)]
      const kept = keepMoment(statements, now())
      await untilAnswered([...sent, kept])
      ownWork = await kept
    },
    commit: async () => void (await client.query({ text: 'commit' })),
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
