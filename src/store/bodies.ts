import type { Append } from '../core/append.ts'
import type { Committed, Sql, SqlValue, Transaction } from '../core/database.ts'
import type { Lookup } from '../core/lookup.ts'

export type Body<T> = (transaction: Transaction) => Promise<T>

/** What an engine does for a transaction; the rest is for all engines the same. */
export type Statements = Pick<Transaction, 'engine' | 'all' | 'run' | 'now'>

/** The same in a transaction that bodies share. */
export interface SharedStatements extends Statements {
  /** @param values In the order of the columns. */
  append(to: Append, values: readonly SqlValue[]): Promise<void>
  find: Transaction['find']
}

/** Is called after the commit, with what stands for what is committed. */
export type Hook = (committed: Committed) => void

/** What the bodies of a turn that went well leave behind: whom to tell, and what to do, after the commit. */
export interface Done {
  readonly channels: Set<string>
  readonly hooks: Hook[]
}

export interface Bodies {
  /** Runs one inside the open transaction. Rejects when one of its statements failed, whatever it made of that. */
  run(body: Body<void>, done: Done): Promise<void>
  /** Whether the last one may have changed anything, or the engine's transaction: then there is something to take back. */
  leftTraces(): boolean
  /** What was remembered is not true any more. */
  forget(): void
  /** The last one was taken back: so is what it remembered, if it had to do with that at all. */
  undo(): void
}

/** What certainly changes nothing. */
const ONLY_READS = /^\s*select\b/

/** The transaction that bodies share, which they have one after another. */
export function createBodies(statements: SharedStatements): Bodies {
  const channels = new Set<string>()
  const hooks: Hook[] = []
  const failures: unknown[] = []
  let hasWritten = false
  let memory = {}
  let isRecalled = false
  const forget = () => {
    memory = {}
  }
  const watch = <T>(result: Promise<T>) => {
    result.catch((error: unknown) => failures.push(error))
    return result
  }
  const transaction: Transaction = {
    engine: statements.engine,
    now: statements.now,
    all: <Row extends object>(statement: Sql) => {
      hasWritten ||= !ONLY_READS.test(statement.text)
      return watch(statements.all<Row>(statement))
    },
    run: (statement) => {
      hasWritten = true
      return watch(statements.run(statement))
    },
    append: (to, row) => {
      hasWritten = true
      const values = to.columns.map((column) => row[column])
      return watch(statements.append(to, values))
    },
    find: <Row extends object>(lookup: Lookup<Row>, value: string) => watch(statements.find<Row>(lookup, value)),
    committed: undefined,
    get memory() {
      isRecalled = true
      return memory
    },
    notify: (channel) => channels.add(channel),
    afterCommit: (hook) => hooks.push(hook),
  }
  return {
    run: async (body, done) => {
      channels.clear()
      hooks.length = 0
      failures.length = 0
      isRecalled = false
      hasWritten = false
      await body(transaction)
      // PostgreSQL goes on with nothing after a statement that failed, so no body may, on either engine.
      if (failures.length > 0) throw failures[0]
      for (const channel of channels) done.channels.add(channel)
      done.hooks.push(...hooks)
    },
    leftTraces: () => hasWritten || failures.length > 0,
    forget,
    undo: () => {
      if (isRecalled) forget()
    },
  }
}
