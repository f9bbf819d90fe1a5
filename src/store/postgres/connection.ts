import { once } from 'node:events'
import { Socket } from 'node:net'
import pg from 'pg'
import type { Sql } from '../../core/database.ts'
import type { Statements } from '../bodies.ts'

/** How long a bus waits for another one's turn to end. A turn is a batch of some milliseconds. */
const LOCK_TIMEOUT_MS = 5_000

/** A bus that was stopped in the middle of its turn keeps the others waiting no longer than this. */
const IDLE_IN_TURN_TIMEOUT_MS = 4_000

/** The most that one statement may take, the wait for the turn included: far more than any of ours does. */
const STATEMENT_TIMEOUT_MS = 5_250

/**
 * How long a bus waits for an answer: a network that swallows packets gives none, and no error either.
 *
 * Longer than the server's own limits, which say what was wrong. Longer than a turn may be idle, so that a commit whose
 * answer did not come is decided by then, unless the disk is that slow: whoever is told that its outcome is unknown, and
 * looks, sees what stays. And so short that those who came meanwhile, and wait in vain for a new connection after it, hear
 * of it in 8 s: their client gives up after 10 s.
 */
const ANSWER_TIMEOUT_MS = 5_500

/** The same for a statement that does nothing, such as the first one on a connection that was lost while nobody used it. */
const QUICK_ANSWER_TIMEOUT_MS = 2_000

const CONNECT_TIMEOUT_MS = 2_500

/** A network that swallows packets takes the end of a connection, too: it is cut off after this. */
const END_TIMEOUT_MS = 1_000

const INT8 = 20

/** The connections of one store. */
export interface Connections {
  /** What every one of them is opened with. */
  readonly config: pg.ClientConfig
  /** What one of them runs over. */
  createSocket(): Socket
  /** Resolves when `ending` has and all of them are closed. */
  end(ending: Promise<unknown>): Promise<void>
}

/** @param isPatient Whether an answer may take as long as it takes: nobody waits for it but whoever started this. */
export function createConnections(url: string, isPatient: boolean): Connections {
  const open = new Set<Socket>()
  const createSocket = () => {
    const socket = new Socket()
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    return socket
  }
  return {
    createSocket,
    config: {
      connectionString: url,
      stream: createSocket,
      application_name: 'bus-mcp',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      ...(isPatient ? {} : { statement_timeout: STATEMENT_TIMEOUT_MS, query_timeout: ANSWER_TIMEOUT_MS }),
      lock_timeout: LOCK_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TURN_TIMEOUT_MS,
      keepAlive: true,
      types: {
        // Our integers are counters and milliseconds, all below 2 to the 53rd.
        getTypeParser: (oid, format) =>
          oid === INT8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format),
      },
    },
    end: async (ending) => {
      const timer = setTimeout(() => {
        for (const socket of open) socket.destroy()
      }, END_TIMEOUT_MS)
      await ending
      await Promise.all([...open].map((socket) => once(socket, 'close')))
      clearTimeout(timer)
    },
  }
}

/** A statement that is answered at once, or by nobody. */
export function toQuickQuery(text: string): pg.QueryConfig & { readonly query_timeout: number } {
  return { text, query_timeout: QUICK_ANSWER_TIMEOUT_MS }
}

/**
 * The port's statements on one connection.
 *
 * @param ask Rejects when the connection is gone.
 */
export function createStatements(
  ask: (query: pg.QueryConfig) => Promise<pg.QueryResult>,
  now: () => Promise<number>,
): Statements {
  const query = ({ text, values }: Sql) => ask({ ...prepare(text), values: [...values] })
  return {
    engine: 'postgres',
    // The caller names the row's shape (see the port); the driver cannot know it.
    all: async <Row extends object>(statement: Sql): Promise<Row[]> => (await query(statement)).rows,
    run: async (statement) => {
      await query(statement)
    },
    now,
  }
}

interface Prepared {
  readonly name: string
  readonly text: string
}

const prepared = new Map<string, Prepared>()

/** A statement is parsed once a connection. The texts are few, since values are never part of one. */
export function prepare(text: string): Prepared {
  let statement = prepared.get(text)
  if (!statement) {
    let count = 0
    statement = { name: `bus_${prepared.size}`, text: text.replaceAll('?', () => `$${++count}`) }
    prepared.set(text, statement)
  }
  return statement
}
