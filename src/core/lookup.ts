/** The statements that find a table's rows by a key of text: the row of one key, or those of many. */
export interface Lookup<Row extends object = never> {
  readonly table: string
  readonly key: string
  /** `select text from items where name = ?`. */
  readonly findRow: string
  /** `select name as looked_up, text from items where name = any(cast(? as text[]))`: only PostgreSQL knows arrays. */
  readonly findRows: string
  /** What a row has. */
  readonly columns: readonly (keyof Row & string)[]
}

/** What a body will ask, known before its turn. */
export interface Foreseen {
  readonly lookup: Lookup
  /** The key. */
  readonly value: string
}

/**
 * Says how a row is found.
 *
 * @param key The column that names a row.
 * @example const ITEM = defineLookup<ItemRow>('items', 'name', ['text'])
 */
export function defineLookup<Row extends object>(
  table: string,
  key: string,
  columns: readonly (keyof Row & string)[],
): Lookup<Row> {
  const list = columns.join(', ')
  return {
    table,
    key,
    columns,
    findRow: `select ${list} from ${table} where ${key} = ?`,
    findRows: `select ${key} as looked_up, ${list} from ${table} where ${key} = any(cast(? as text[]))`,
  }
}
