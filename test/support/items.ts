import { type Migration, type Reader, single, sql, type Transaction } from '../../src/core/database.ts'

/** Tables for tests of the store, which knows no capability. Free of the test runner, for processes of their own. */
export const itemMigrations: readonly Migration[] = [
  {
    id: 'items/001-items',
    statements: [
      'create table items (id bigint primary key, text text not null)',
      'create table notes (id bigint primary key, flag smallint not null, text text, number bigint)',
    ],
  },
]

export function insertItem(transaction: Transaction, id: number, text = ''): Promise<void> {
  return transaction.run(sql`insert into items (id, text) values (${id}, ${text})`)
}

/** Inserts an item under the number after the highest, and returns that. */
export async function appendItem(transaction: Transaction, text = ''): Promise<number> {
  const { id } = await single<{ id: number }>(transaction, sql`select coalesce(max(id), 0) + 1 as id from items`)
  await insertItem(transaction, Number(id), text)
  return Number(id)
}

export async function countItems(reader: Reader): Promise<number> {
  const { count } = await single<{ count: number }>(reader, sql`select count(*) as count from items`)
  return Number(count)
}

export async function selectItemIds(reader: Reader): Promise<number[]> {
  const rows = await reader.all<{ id: number }>(sql`select id from items order by id`)
  return rows.map(({ id }) => Number(id))
}
