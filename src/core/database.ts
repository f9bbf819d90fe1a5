import type { Append } from './append.ts'
import type { Foreseen, Lookup } from './lookup.ts'

/** A value that a statement may carry. Moments are epoch milliseconds, flags 0 or 1. */
export type SqlValue = string | number | null

/** A statement: its text with `?` for each value, and the values in that order. */
export interface Sql {
  readonly text: string
  readonly values: readonly SqlValue[]
}

/**
 * Builds a statement. A value becomes a parameter, never text; a nested statement is spliced in with its values.
 *
 * @example sql`select id from messages where topic = ${topic} limit ${limit}`
 */
export function sql(strings: TemplateStringsArray, ...parts: readonly (SqlValue | Sql)[]): Sql {
  const values: SqlValue[] = []
  for (const part of parts) {
    if (isSql(part)) values.push(...part.values)
    else values.push(part)
  }
  return { text: toText(strings, parts), values }
}

/** The last text of each template: most are always the same one, and to join it again is dear where it is asked for often. */
const texts = new WeakMap<TemplateStringsArray, { readonly nested: readonly (string | undefined)[]; text: string }>()

function toText(strings: TemplateStringsArray, parts: readonly (SqlValue | Sql)[]): string {
  const last = texts.get(strings)
  if (last && parts.every((part, index) => last.nested[index] === (isSql(part) ? part.text : undefined))) {
    return last.text
  }
  const nested = parts.map((part) => (isSql(part) ? part.text : undefined))
  const text = strings.reduce((all, string, index) => `${all}${nested[index - 1] ?? '?'}${string}`)
  texts.set(strings, { nested, text })
  return text
}

function isSql(part: SqlValue | Sql): part is Sql {
  return typeof part === 'object' && part !== null
}

/** Joins conditions with `and`; without any, the condition is always true. */
export function allOf(conditions: readonly Sql[]): Sql {
  if (conditions.length === 0) return { text: '1 = 1', values: [] }
  return {
    text: conditions.map(({ text }) => `(${text})`).join(' and '),
    values: conditions.flatMap(({ values }) => values),
  }
}

/** Joins values or parts with commas. Each length makes another statement to prepare, so lengths must be bounded. */
export function listOf(parts: readonly (SqlValue | Sql)[]): Sql {
  const statements = parts.map((part) => sql`${part}`)
  return {
    text: statements.map(({ text }) => text).join(', '),
    values: statements.flatMap(({ values }) => values),
  }
}

/** A statement that yields the texts, a row each, in no order. One value holds them all, so that one statement serves any number. */
export function textsOf(texts: readonly string[], engine: Engine): Sql {
  const json = JSON.stringify(texts)
  switch (engine) {
    case 'sqlite':
      return sql`select value from json_each(${json})`
    case 'postgres':
      return sql`select jsonb_array_elements_text(cast(${json} as jsonb))`
  }
}

/** The engines behind the port. Where they agree, one text serves both. */
export type Engine = 'sqlite' | 'postgres'

/** Whether a place is the URL of a PostgreSQL database; every other one is a file, or `:memory:`. */
export function isPostgresUrl(place: string): boolean {
  return /^postgres(ql)?:\/\//.test(place)
}

export interface Reader {
  readonly engine: Engine
  /** The rows in the statement's order; empty when there is none. The caller names the row's shape, which the SQL beside it selects. */
  all<Row extends object>(statement: Sql): Promise<Row[]>
  /** The store's clock in epoch milliseconds. Never runs backwards, not even over a restart. */
  now(): Promise<number>
  /**
   * Stands for all that is committed, where every change of it passes through this process; undefined elsewhere, and in a
   * transaction. What a reader found may be remembered under it: {@link Transaction.afterCommit} keeps that true.
   */
  readonly committed: Committed | undefined
}

/** What stands for all that is committed. */
export interface Committed {
  /** Rises with every commit: while it is the same, nothing has changed but the time. */
  readonly changes: number
}

export interface Transaction extends Reader {
  run(statement: Sql): Promise<void>
  /**
   * Adds a row, which every later statement sees. Cheaper than to {@link run} an insert: an engine may gather rows, and write
   * those of several bodies at once. One that the table does not take is a fault of ours, and may fail all of them.
   */
  append<Column extends string>(to: Append<Column>, row: Readonly<Record<Column, SqlValue>>): Promise<void>
  /** The row of a key; undefined when there is none. Cheaper than to ask {@link all} where {@link Database.write} was told of it. */
  find<Row extends object>(lookup: Lookup<Row>, value: string): Promise<Row | undefined>
  /**
   * The same object for as long as what a transaction knew is still true for the next one: no body that asked for it
   * was taken back, and no other process wrote. See `createMemo`.
   */
  readonly memory: object
  /**
   * Runs `tell` once this is committed and before anybody reads it, with what stands for it then; never when it is not.
   * Not at all where others change what is committed, too.
   */
  afterCommit(tell: (committed: Committed) => void): void
  /** Wakes who listens on the channel, on every node, once this is committed; nobody when it is not. */
  notify(channel: string): void
}

/**
 * The store's port. Engines stand behind it in `src/store`.
 *
 * A body awaits nothing but its reader or transaction: others wait for its turn to end.
 */
export interface Database {
  /** Made with the database: another epoch means that the same id may be another message. */
  readonly epoch: string
  /** How an acknowledged write is kept at present, in a few words for the operator. */
  durability(): string
  /** Runs `body` on one snapshot, of what is durably committed. */
  read<T>(body: (reader: Reader) => Promise<T>): Promise<T>
  /**
   * Runs `body` as one atomic step, alone: no other body's statements come between its own. Resolves when its effect is
   * durable; when `body` rejects, or one of its statements failed, nothing of it stays. Bodies that arrive together share
   * one commit.
   *
   * @param foreseen What the body will look up: an engine may ask for what all bodies of a commit will at once.
   * @throws {AppError} `store_unavailable` when the engine could not commit; nothing of the body stays then.
   */
  write<T>(body: (transaction: Transaction) => Promise<T>, foreseen?: Foreseen): Promise<T>
  /**
   * Calls `wake` after each commit that notified the channel. A hint: whoever waits looks again by itself from time to
   * time, too.
   *
   * @returns Ends it.
   */
  listen(channel: string, wake: () => void): () => void
  /** How much room it takes, in bytes. */
  size(): Promise<StoreSize>
  /** Proves with a write that the store can write. @throws {AppError} `store_unavailable`. */
  probe(): Promise<void>
  /** Ends after the bodies that were already accepted. */
  close(): Promise<void>
}

/** In bytes. */
export interface StoreSize {
  readonly database: number
  /** Of the write-ahead log beside it; left out where it is the server's. */
  readonly wal?: number
}

/** A time in which the store could not be asked: the process was down, stopped or blocked, or the machine slept. */
export interface Outage {
  /** The last sign of life before it, by the store's clock. */
  readonly from: number
  /** Its end, by the same clock. */
  readonly to: number
}

/** What must be done after an {@link Outage}, in the first transaction and before any other body. */
export type OnOutage = (transaction: Transaction, outage: Outage) => Promise<void>

/** The only row of a statement that yields at most one. */
export async function first<Row extends object>(reader: Pick<Reader, 'all'>, statement: Sql): Promise<Row | undefined> {
  const rows = await reader.all<Row>(statement)
  return rows[0]
}

/** The row of a statement that always yields one. */
export async function single<Row extends object>(reader: Pick<Reader, 'all'>, statement: Sql): Promise<Row> {
  const row = await first<Row>(reader, statement)
  if (!row) throw new Error(`a statement that always yields a row yielded none: ${statement.text}`)
  return row
}

/** One step of a capability's schema. Append-only: a released one never changes. */
export interface Migration {
  /** `capability/NNN-title`, unique, and in the order in which they are applied. */
  readonly id: string
  /** In order; one that is not the same for both engines is told for each, and left out for one that needs none. */
  readonly statements: readonly (string | Readonly<Partial<Record<Engine, string>>>)[]
}
