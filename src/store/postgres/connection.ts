import pg from 'pg'
import type { Sql } from '../../core/database.ts'
import type { Statements } from '../group-commit.ts'

/** The most that one statement may take, in milliseconds: far more than any of ours takes, on any size of log. */
const STATEMENT_TIMEOUT_MS = 20_000

/** How long a bus waits for another one's turn to end. A turn is a batch of some milliseconds. */
const LOCK_TIMEOUT_MS = 5_000

/** A bus that was stopped in the middle of its turn keeps the others waiting no longer than this. */
const IDLE_IN_TURN_TIMEOUT_MS = 4_000

const CONNECT_TIMEOUT_MS = 5_000

const INT8 = 20

/** What every connection of ours is opened with. */
export function toClientConfig(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'bus-mcp',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    // For a network that swallows what is sent, and the server's own limit with it.
    query_timeout: STATEMENT_TIMEOUT_MS + 5_000,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TURN_TIMEOUT_MS,
    keepAlive: true,
    types: {
      // Our integers are counters and milliseconds, all below 2 to the 53rd.
      getTypeParser: (oid, format) =>
        oid === INT8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format),
    },
  }
}

/**
 * The port's statements on one connection.
 *
 * @param getClient Throws when the connection is gone.
 */
export function createStatements(getClient: () => pg.ClientBase, now: () => Promise<number>): Statements {
  const query = async ({ text, values }: Sql) => getClient().query({ ...prepare(text), values: [...values] })
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
function prepare(text: string): Prepared {
  let statement = prepared.get(text)
  if (!statement) {
    let count = 0
    statement = { name: `bus_${prepared.size}`, text: text.replaceAll('?', () => `$${++count}`) }
    prepared.set(text, statement)
  }
  return statement
}
