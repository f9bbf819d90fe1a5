import type { Append } from '../../core/append.ts'
import type { Sql, SqlValue } from '../../core/database.ts'
import { createNaming } from './naming.ts'

/** Bounds how much one statement carries. */
const MAX_ROWS = 1_000

/** Rows of one turn that the server need not have yet. */
export interface Gathered {
  add(to: Append, values: readonly SqlValue[]): void
  /** The statements that write what `text` must see; all that there is without one. Counts as written from then on. */
  take(text?: string): Sql[]
  /** What was written stays written, and what comes now is of the next body. */
  settle(): void
  /** Forgets the rows of this body; those of earlier ones that were written after its savepoint must be written again. */
  undo(): void
  /** For the next turn. */
  clear(): void
}

interface Table {
  readonly to: Append
  rows: (readonly SqlValue[])[]
  /** So many of them were written since the savepoint. */
  written: number
  /** So many of them are of earlier bodies. */
  earlier: number
  readonly isNamedIn: (text: string) => boolean
}

export function createGathered(): Gathered {
  const tables: Table[] = []
  const findTable = (to: Append) => {
    const known = tables.find((table) => table.to === to)
    if (known) return known
    const table: Table = { to, rows: [], written: 0, earlier: 0, isNamedIn: createNaming(to.table) }
    tables.push(table)
    return table
  }
  return {
    add: (to, values) => void findTable(to).rows.push(values),
    take: (text) => {
      const statements: Sql[] = []
      for (const table of tables) {
        const { to, rows, written, isNamedIn } = table
        if (written === rows.length || (text !== undefined && !isNamedIn(text))) continue
        for (let from = written; from < rows.length; from += MAX_ROWS) {
          statements.push({ text: to.insertRows, values: toArrays(to, rows.slice(from, from + MAX_ROWS)) })
        }
        table.written = rows.length
      }
      return statements
    },
    settle: () => {
      for (const table of tables) {
        if (table.written > 0) table.rows = table.rows.slice(table.written)
        table.written = 0
        table.earlier = table.rows.length
      }
    },
    undo: () => {
      for (const table of tables) {
        table.written = 0
        table.rows.length = table.earlier
      }
    },
    clear: () => {
      for (const table of tables) {
        table.rows = []
        table.written = 0
        table.earlier = 0
      }
    },
  }
}

/** A literal of an array for each column. Made here, for the driver looks at every value as if it were anything. */
function toArrays({ columns }: Append, rows: readonly (readonly SqlValue[])[]): string[] {
  return columns.map((_, column) => {
    let literal = ''
    for (const row of rows) literal += `${literal === '' ? '{' : ','}${toElement(row[column] ?? null)}`
    return `${literal}}`
  })
}

const MUST_BE_ESCAPED = /["\\]/

function toElement(value: SqlValue): string {
  if (value === null) return 'NULL'
  if (typeof value === 'number') return String(value)
  return `"${MUST_BE_ESCAPED.test(value) ? value.replaceAll(/["\\]/g, '\\$&') : value}"`
}
