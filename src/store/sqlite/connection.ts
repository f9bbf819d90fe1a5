import type { Committed, Reader, Sql } from '../../core/database.ts'
import type { Statements } from '../bodies.ts'
import type { Clock } from '../clock.ts'
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
  /** Runs bodies one after another, each on what was committed when it began. */
  read<T>(body: (reader: Reader) => Promise<T>): Promise<T>
  /** Keeps readers out, from when those that came before have read until `release`. */
  hold(): Promise<Hold>
  /** Resolves when every body accepted so far has ended. */
  drain(): Promise<unknown>
}

export interface Hold {
  /** Says that something was committed. Returns what stands for it now. */
  change(): Committed
  /** Nothing that was remembered counts any more. */
  forget(): void
  release(): void
}

/**
 * No commit comes while a body reads, so all statements of a body see the same state without a transaction of their own,
 * and what is remembered of that state is as the statements see it.
 */
export function createSnapshotReader(connection: SqliteConnection, now: Clock): SnapshotReader {
  let committed = { changes: 0 }
  const reader: Reader = {
    ...createStatements(connection, now),
    get committed() {
      return committed
    },
  }
  let turn: Promise<unknown> = Promise.resolve()
  return {
    read: (body) => {
      const result = turn.then(() => body(reader))
      turn = result.catch(() => {})
      return result.catch((error: unknown) => {
        throw toStoreError(error)
      })
    },
    hold: async () => {
      const before = turn
      let release = () => {}
      turn = new Promise<void>((resolve) => {
        release = resolve
      })
      await before
      return {
        change: () => {
          committed.changes += 1
          return committed
        },
        forget: () => {
          committed = { changes: 0 }
        },
        release,
      }
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
