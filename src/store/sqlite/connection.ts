import type { Reader, Sql } from '../../core/database.ts'
import type { Clock } from '../clock.ts'
import type { Statements } from '../group-commit.ts'
import type { SqliteConnection, SqliteStatement } from './driver.ts'
import { toStoreError } from './errors.ts'

/**
 * The engine's side of the port on one connection. Statements are prepared once: the texts are few, since values are
 * never part of one. The connection stays referenced from here, for its statements do not keep it alive.
 */
export function createStatements(connection: SqliteConnection, now: Clock): Statements {
  const statements = new Map<string, SqliteStatement>()
  const prepare = (text: string): SqliteStatement => {
    let statement = statements.get(text)
    if (!statement) {
      statement = connection.prepare(text)
      statements.set(text, statement)
    }
    return statement
  }
  return {
    engine: 'sqlite',
    // The caller names the row's shape (see the port); the driver cannot know it.
    all: async <Row extends object>({ text, values }: Sql) => prepare(text).all(...values) as Row[],
    run: async ({ text, values }) => {
      prepare(text).run(...values)
    },
    now: async () => now(),
  }
}

/** A statement without values and rows, prepared once: to parse `begin` costs more than to begin. */
export function prepareCommand(connection: SqliteConnection, text: string): () => void {
  const statement = connection.prepare(text)
  return () => {
    statement.run()
  }
}

export interface SnapshotReader {
  /** Runs bodies one after another, each on a snapshot of its own. */
  read<T>(body: (reader: Reader) => Promise<T>): Promise<T>
  /** Resolves when every body accepted so far has ended. */
  drain(): Promise<unknown>
}

export function createSnapshotReader(connection: SqliteConnection, reader: Reader): SnapshotReader {
  let turn: Promise<unknown> = Promise.resolve()
  const begin = prepareCommand(connection, 'begin')
  const commit = prepareCommand(connection, 'commit')
  return {
    read: (body) => {
      const run = async () => {
        try {
          begin()
          const value = await body(reader)
          commit()
          return value
        } catch (error) {
          rollBack(connection)
          throw toStoreError(error)
        }
      }
      const result = turn.then(run)
      turn = result.catch(() => {})
      return result
    },
    drain: () => turn,
  }
}

/** Ends a transaction that failed, also when SQLite has ended it already, as it does on a full disk. */
export function rollBack(connection: SqliteConnection): void {
  try {
    connection.exec('rollback')
  } catch {
    // There was none any more, and what made it fail is what the caller wants to know.
  }
}
