import type { TableSpec } from '../core/capability.ts'
import {
  type Database,
  first,
  listOf,
  type Reader,
  type Sql,
  type SqlValue,
  sql,
  type Transaction,
} from '../core/database.ts'
import { startError } from '../core/errors.ts'

/** Raised when the lines change their meaning. */
const FORMAT = 1

/** Rows that are read or written at a time. */
const PAGE = 500

type Row = Readonly<Record<string, SqlValue>>

interface Header {
  readonly bus_mcp_export: number
  readonly epoch: string
  /** The ids of all migrations that the rows are of. */
  readonly schema: readonly string[]
}

/**
 * Writes everything that there is as lines of JSON: a header, `[table, …values]` for each row in the order of its key, and
 * a last line with the number of rows. The same data gives the same bytes, from every engine.
 *
 * @param write Takes a line without its end.
 */
export function exportAll(
  database: Database,
  tables: readonly TableSpec[],
  write: (line: string) => Promise<void>,
): Promise<number> {
  return database.read(async (reader) => {
    const header: Header = { bus_mcp_export: FORMAT, epoch: database.epoch, schema: await selectSchema(reader) }
    await write(JSON.stringify(header))
    let rows = 0
    for (const table of tables) {
      for (
        let page = await selectPage(reader, table);
        page.length > 0;
        page = await selectPage(reader, table, page.at(-1))
      ) {
        for (const row of page)
          await write(JSON.stringify([table.name, ...table.columns.map((name) => row[name] ?? null)]))
        rows += page.length
      }
    }
    await write(JSON.stringify({ rows }))
    return rows
  })
}

/**
 * Takes an export over into an empty database, all or nothing. The epoch comes along: the ids mean what they meant.
 *
 * @throws {AppError} `database_not_empty`, `export_unusable`.
 */
export function importAll(
  database: Database,
  tables: readonly TableSpec[],
  lines: AsyncIterable<string>,
): Promise<number> {
  return database.write(async (transaction) => {
    await refuseFull(transaction, tables)
    const byName = new Map(tables.map((table) => [table.name, table]))
    let header: Header | undefined
    let rows = 0
    let announced: number | undefined
    let page: SqlValue[][] = []
    let current: TableSpec | undefined
    const flush = async () => {
      if (current && page.length > 0) await insertPage(transaction, current, page)
      page = []
    }
    for await (const line of lines) {
      if (announced !== undefined) throw unusable('something follows its last line')
      if (!header) {
        header = parseHeader(line, await selectSchema(transaction))
        continue
      }
      const value = parseLine(line)
      if (!Array.isArray(value)) {
        announced = typeof value.rows === 'number' ? value.rows : -1
        continue
      }
      const [name, ...values] = value
      const table = byName.get(String(name))
      if (!table || values.length !== table.columns.length) throw unusable(`line ${rows + 2} is of no table`)
      if (table !== current || page.length === PAGE) await flush()
      current = table
      page.push(values)
      rows += 1
    }
    await flush()
    if (!header || announced !== rows) throw unusable('it ends too early')
    await transaction.run(sql`update bus_store set epoch = ${header.epoch}`)
    for (const table of tables) await goOnFrom(transaction, table)
    return rows
  })
}

async function selectSchema(reader: Reader): Promise<string[]> {
  const rows = await reader.all<{ id: string }>(sql`select id from bus_migrations`)
  return rows.map(({ id }) => id).sort()
}

function selectPage(reader: Reader, { name, columns, key }: TableSpec, after?: Row): Promise<Row[]> {
  const by = toNames(key)
  const from = after ? sql`where (${by}) > (${listOf(key.map((column) => toKeyValue(after[column])))})` : sql``
  return reader.all<Row>(sql`select ${toNames(columns)} from ${toNames([name])} ${from} order by ${by} limit ${PAGE}`)
}

/** PostgreSQL takes a value in a comparison of rows for a text unless it is told otherwise. */
function toKeyValue(value: SqlValue | undefined): Sql {
  return typeof value === 'number' ? sql`cast(${value} as bigint)` : sql`${value ?? null}`
}

async function insertPage(transaction: Transaction, table: TableSpec, page: readonly SqlValue[][]): Promise<void> {
  const target = toNames([table.name])
  if (table.isSingle) await transaction.run(sql`delete from ${target}`)
  const rows = page.map((values) => sql`(${listOf(values)})`)
  await transaction.run(sql`insert into ${target} (${toNames(table.columns)}) values ${listOf(rows)}`)
}

/** The clock that the rows are of may have been ahead of ours, and no moment may come before theirs. */
async function goOnFrom(transaction: Transaction, { name, moment }: TableSpec): Promise<void> {
  if (moment === undefined) return
  const last = sql`(select max(${toNames([moment])}) from ${toNames([name])})`
  await transaction.run(sql`update bus_store set last_moment = ${last} where last_moment < ${last}`)
}

async function refuseFull(transaction: Transaction, tables: readonly TableSpec[]): Promise<void> {
  for (const { name, isSingle } of tables) {
    if (isSingle) continue
    if (await first(transaction, sql`select 1 from ${toNames([name])} limit 1`)) {
      throw startError(
        'database_not_empty',
        `there is something in the database already (in ${name}) -- import into a new one`,
      )
    }
  }
}

/** Names are our own (see {@link TableSpec}), never a caller's. */
function toNames(names: readonly string[]): Sql {
  return { text: names.join(', '), values: [] }
}

function parseHeader(line: string, schema: readonly string[]): Header {
  const value = parseLine(line)
  if (Array.isArray(value) || value.bus_mcp_export !== FORMAT || typeof value.epoch !== 'string') {
    throw unusable('it does not begin as one')
  }
  if (JSON.stringify(value.schema) !== JSON.stringify(schema)) throw unusable('another version of bus-mcp wrote it')
  return { bus_mcp_export: FORMAT, epoch: value.epoch, schema }
}

function parseLine(line: string): SqlValue[] | Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line)
  } catch {
    throw unusable('a line of it is not JSON')
  }
}

function unusable(why: string) {
  return startError('export_unusable', `the file is no whole export: ${why}`)
}
