import { expect, it } from 'vitest'
import { defineAppend } from '../../src/core/append.ts'
import { type Database, type Reader, sql, type Transaction } from '../../src/core/database.ts'
import { countItems, insertItem, selectItemIds } from '../support/items.ts'
import type { StoreKind } from './suite.ts'

const ITEMS = defineAppend('items', [
  ['id', 'bigint'],
  ['text', 'text'],
])
const NOTES = defineAppend('notes', [
  ['id', 'bigint'],
  ['flag', 'smallint'],
  ['text', 'text'],
  ['number', 'bigint'],
])

const appendItem = (transaction: Transaction, id: number, text = '') => transaction.append(ITEMS, { id, text })

interface NoteRow {
  id: number
  flag: number
  text: string | null
  number: number | null
}

function selectNotes(reader: Reader): Promise<NoteRow[]> {
  return reader.all<NoteRow>(sql`select id, flag, text, number from notes order by id`)
}

/** Bodies that share one turn, since they arrive together. */
function writeTogether<T>(
  database: Database,
  bodies: readonly ((transaction: Transaction) => Promise<T>)[],
): Promise<PromiseSettledResult<T>[]> {
  return Promise.allSettled(bodies.map((body) => database.write(body)))
}

/** What every engine promises of rows that are added without a statement of their own. */
export function describeAppends({ createPlace }: StoreKind): void {
  it('is seen by the later statements of its body, and by the next read', async () => {
    const database = await createPlace()()
    const seen = await database.write(async (transaction) => {
      await appendItem(transaction, 1)
      const first = await selectItemIds(transaction)
      await appendItem(transaction, 2)
      return [first, await selectItemIds(transaction)]
    })
    expect(seen).toEqual([[1], [1, 2]])
    expect(await database.read(selectItemIds)).toEqual([1, 2])
  })

  it('is changed and deleted by the later statements of its body', async () => {
    const database = await createPlace()()
    await database.write(async (transaction) => {
      for (const id of [1, 2, 3]) await appendItem(transaction, id, 'old')
      await transaction.run(sql`update items set text = 'new' where id = 2`)
      await transaction.run(sql`delete from items where id = 3`)
      await appendItem(transaction, 3, 'again')
    })
    const rows = await database.read((reader) => reader.all(sql`select id, text from items order by id`))
    expect(rows).toEqual([
      { id: 1, text: 'old' },
      { id: 2, text: 'new' },
      { id: 3, text: 'again' },
    ])
  })

  it('is seen by the bodies after it of the same turn', async () => {
    const database = await createPlace()()
    const outcomes = await writeTogether(
      database,
      [1, 2, 3, 4].map((id) => async (transaction) => {
        const seen = await selectItemIds(transaction)
        await appendItem(transaction, id)
        return seen
      }),
    )
    expect(outcomes).toMatchObject([[], [1], [1, 2], [1, 2, 3]].map((value) => ({ value })))
  })

  it('keeps its place among the statements of bodies that share a turn', async () => {
    const database = await createPlace()()
    const counts: number[] = []
    await writeTogether(
      database,
      Array.from({ length: 30 }, (_, id) => async (transaction) => {
        await (id % 2 === 0 ? appendItem(transaction, id) : insertItem(transaction, id))
        if (id % 5 === 0) counts.push(await countItems(transaction))
      }),
    )
    expect(counts).toEqual([1, 6, 11, 16, 21, 26])
    expect(await database.read(countItems)).toBe(30)
  })

  it('is gone when its body fails, whether a statement came after it or not, and the others stay', async () => {
    const database = await createPlace()()
    const outcomes = await writeTogether(
      database,
      Array.from({ length: 24 }, (_, id) => async (transaction) => {
        await appendItem(transaction, id)
        if (id % 4 === 1) await countItems(transaction)
        await transaction.append(NOTES, { id, flag: 0, text: null, number: null })
        if (id % 4 < 2) throw new Error(`no ${id}`)
        return id
      }),
    )
    const kept = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    expect(kept).toEqual([2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23])
    expect(await database.read(selectItemIds)).toEqual(kept)
    expect((await database.read(selectNotes)).map(({ id }) => Number(id))).toEqual(kept)
  })

  it('stays when a body after it fails that was the first to look, or to write', async () => {
    const database = await createPlace()()
    const fail = (statement: (transaction: Transaction) => Promise<unknown>) => async (transaction: Transaction) => {
      await appendItem(transaction, 1_000)
      await statement(transaction)
      await appendItem(transaction, 1_001)
      throw new Error('changed my mind')
    }
    const outcomes = await writeTogether<unknown>(database, [
      (transaction) => appendItem(transaction, 1),
      fail(countItems),
      (transaction) => appendItem(transaction, 2),
      fail(selectNotes),
      fail((transaction) => transaction.run(sql`update items set text = 'spoilt'`)),
      (transaction) => appendItem(transaction, 3),
      selectItemIds,
      (transaction) => appendItem(transaction, 4),
    ])
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([
      ...[true, false, true, false, false, true, true, true],
    ])
    expect(outcomes[6]).toMatchObject({ value: [1, 2, 3] })
    const rows = await database.read((reader) => reader.all(sql`select id, text from items order by id`))
    expect(rows).toEqual([1, 2, 3, 4].map((id) => ({ id, text: '' })))
  })

  it('stays when a statement of a body after it fails', async () => {
    const database = await createPlace()()
    const outcomes = await writeTogether(database, [
      (transaction) => appendItem(transaction, 1),
      async (transaction) => {
        await insertItem(transaction, 2)
        await insertItem(transaction, 1)
      },
      (transaction) => appendItem(transaction, 3),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await database.read(selectItemIds)).toEqual([1, 3])
  })

  it('takes more rows than one statement carries, of one body and of many', async () => {
    const database = await createPlace()()
    const ids = Array.from({ length: 2_600 }, (_, id) => id)
    await database.write(async (transaction) => {
      for (const id of ids) await appendItem(transaction, id, `text ${id}`)
    })
    await Promise.all(ids.map((id) => database.write((transaction) => appendItem(transaction, id + 10_000))))
    expect(await database.read(selectItemIds)).toEqual([...ids, ...ids.map((id) => id + 10_000)])
  })

  it('keeps every kind of value as it is', async () => {
    const database = await createPlace()()
    const texts = ['', 'null', 'NULL', '"quoted"', "it's", 'back\\slash\\', '{1,2}', '{', '}', ',', ' a b ', '\t\n\r\n']
    const rows: NoteRow[] = [...texts, '$1 ? %s', 'é🚦\u2028', '\\x00', 'x'.repeat(70_000), null].map((text, id) => ({
      ...{ id, flag: id % 2, text },
      number: [null, 0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER][id % 5] ?? null,
    }))
    await database.write(async (transaction) => {
      for (const row of rows) await transaction.append(NOTES, row)
    })
    expect(await database.read(selectNotes)).toEqual(rows)
  })

  it('that the table does not take fails, and leaves nothing', async () => {
    const database = await createPlace()()
    await database.write((transaction) => appendItem(transaction, 1))
    await expect(database.write((transaction) => appendItem(transaction, 1))).rejects.toThrow(/unique|duplicate/i)
    await database.write((transaction) => appendItem(transaction, 2))
    expect(await database.read(selectItemIds)).toEqual([1, 2])
  })
}
