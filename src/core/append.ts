/** A column's type in PostgreSQL's words; SQLite needs none. */
export type ColumnType = 'bigint' | 'smallint' | 'text'

/** The statements that add to a table which rows are only inserted into: one row, or many at once. */
export interface Append<Column extends string = string> {
  readonly table: string
  /** In the order of the values. */
  readonly columns: readonly Column[]
  /** `insert into items (id, text) values (?, ?)`. */
  readonly insertRow: string
  /** `insert into items (id, text) select id, text from unnest(cast(? as bigint[]), cast(? as text[])) as added (id, text)`. */
  readonly insertRows: string
}

/**
 * Says how rows are added to a table.
 *
 * @param columns With the types that the table's migrations give them.
 * @example const ITEMS = defineAppend('items', [['id', 'bigint'], ['text', 'text']])
 */
export function defineAppend<Column extends string>(
  table: string,
  columns: readonly (readonly [name: Column, type: ColumnType])[],
): Append<Column> {
  const names = columns.map(([name]) => name)
  const list = names.join(', ')
  const arrays = columns.map(([, type]) => `cast(? as ${type}[])`)
  return {
    table,
    columns: names,
    insertRow: `insert into ${table} (${list}) values (${names.map(() => '?').join(', ')})`,
    insertRows: `insert into ${table} (${list}) select ${list} from unnest(${arrays.join(', ')}) as added (${list})`,
  }
}
