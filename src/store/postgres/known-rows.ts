import type pg from 'pg'
import type { Append } from '../../core/append.ts'
import type { SqlValue } from '../../core/database.ts'
import type { Foreseen, Lookup } from '../../core/lookup.ts'
import { prepare } from './connection.ts'
import { createNaming } from './naming.ts'

/** What the bodies of a turn were going to look up, for as long as it is true. */
export interface KnownRows {
  /** Asks for all of it at once; sends before it waits. */
  learn(foreseen: readonly Foreseen[]): Promise<void>
  /** Undefined when that is not known, or not any more. */
  find<Row extends object>(lookup: Lookup<Row>, value: string): { readonly row: Row | undefined } | undefined
  /** A row was added. */
  forgetRow(to: Append, values: readonly SqlValue[]): void
  /** A statement is run: one that names a table may change all of it. */
  forgetNamed(text: string): void
  clear(): void
}

export function createKnownRows(ask: (query: pg.QueryConfig) => Promise<pg.QueryResult>): KnownRows {
  const tables = new Map<Lookup, { rows: Rows; readonly isNamedIn: (text: string) => boolean }>()
  const learn = async (lookup: Lookup, values: readonly string[]) => {
    const rows = toRows(await ask({ ...prepare(lookup.findRows), values: [values] }))
    for (const value of values) if (!rows.has(value)) rows.set(value, { row: undefined })
    const table = tables.get(lookup)
    if (table) table.rows = rows
    else tables.set(lookup, { rows, isNamedIn: createNaming(lookup.table) })
  }
  return {
    learn: async (foreseen) => {
      const all = new Map<Lookup, string[]>()
      for (const { lookup, value } of foreseen) {
        const values = all.get(lookup)
        if (values) values.push(value)
        else all.set(lookup, [value])
      }
      await Promise.all([...all].map(([lookup, values]) => learn(lookup, values)))
    },
    find: (lookup, value) => tables.get(lookup)?.rows.get(value),
    forgetRow: (to, values) => {
      for (const [{ table, key }, { rows }] of tables) {
        if (table === to.table) rows.delete(values[to.columns.indexOf(key)])
      }
    },
    forgetNamed: (text) => {
      for (const { rows, isNamedIn } of tables.values()) if (rows.size > 0 && isNamedIn(text)) rows.clear()
    },
    clear: () => {
      for (const { rows } of tables.values()) rows.clear()
    },
  }
}

type Rows = ReturnType<typeof toRows>

/** Who looked a row up knows its shape, and the driver does not. */
function toRows({ rows }: pg.QueryResult) {
  return new Map(rows.map((row) => [row.looked_up, { row }]))
}
