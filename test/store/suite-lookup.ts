import { expect, it } from 'vitest'
import { defineAppend } from '../../src/core/append.ts'
import { type Database, sql, type Transaction } from '../../src/core/database.ts'
import { defineLookup } from '../../src/core/lookup.ts'
import { countItems, insertItem } from '../support/items.ts'
import type { StoreKind } from './suite.ts'

const ITEMS = defineAppend('items', [
  ['id', 'bigint'],
  ['text', 'text'],
])
const ITEM = defineLookup<{ id: number }>('items', 'text', ['id'])

const findItem = async (transaction: Transaction, text: string) => (await transaction.find(ITEM, text))?.id

/** Bodies that share one turn, since they arrive together; each may look for the texts that it names, and foresees the first. */
function writeTogether<T>(
  database: Database,
  bodies: readonly (readonly [text: string, body: (transaction: Transaction) => Promise<T>])[],
): Promise<PromiseSettledResult<T>[]> {
  return Promise.allSettled(bodies.map(([value, body]) => database.write(body, { lookup: ITEM, value })))
}

/** What every engine promises of rows that are looked up by their key, whether that was foreseen or not. */
export function describeLookups({ createPlace }: StoreKind): void {
  it('is found, or is not there, foreseen or not, in a body alone and among others', async () => {
    const database = await createPlace()()
    const texts = ['a', "it's", '{"b",c}', 'back\\slash', '🚦', '']
    await database.write(async (transaction) => {
      for (const [id, text] of texts.entries()) await insertItem(transaction, id, text)
    })
    const look = (text: string) => (transaction: Transaction) => findItem(transaction, text)
    const ids = texts.map((_, id) => id)
    expect(await Promise.all(texts.map((text) => database.write(look(text))))).toEqual(ids)
    const together = await writeTogether(
      database,
      [...texts, 'none', 'a'].map((text) => [text, look(text)]),
    )
    expect(together).toMatchObject([...ids, undefined, 0].map((value) => ({ value })))
    expect(await writeTogether(database, [['a', look('🚦')]])).toMatchObject([{ value: 4 }])
  })

  it('is found as a body before it of the same turn left it', async () => {
    const database = await createPlace()()
    await database.write((transaction) => insertItem(transaction, 1, 'old'))
    const outcomes = await writeTogether<unknown>(database, [
      ['new', async (transaction) => transaction.append(ITEMS, { id: 2, text: 'new' })],
      ['new', (transaction) => findItem(transaction, 'new')],
      ['old', (transaction) => findItem(transaction, 'old')],
      ['old', (transaction) => transaction.run(sql`update items set id = 3 where text = 'old'`)],
      ['old', (transaction) => findItem(transaction, 'old')],
      ['old', (transaction) => transaction.run(sql`delete from items where text = 'old'`)],
      ['old', (transaction) => findItem(transaction, 'old')],
      ['new', (transaction) => findItem(transaction, 'new')],
    ])
    const found = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason))
    expect(found).toEqual([undefined, 2, 1, undefined, 3, undefined, undefined, 2])
  })

  it('is found as it was before a body that failed', async () => {
    const database = await createPlace()()
    await database.write((transaction) => insertItem(transaction, 1, 'old'))
    const fail = async (change: Promise<unknown>) => {
      await change
      throw new Error('changed my mind')
    }
    const outcomes = await writeTogether<unknown>(database, [
      ['new', (transaction) => fail(transaction.append(ITEMS, { id: 2, text: 'new' }))],
      ['new', (transaction) => findItem(transaction, 'new')],
      ['old', (transaction) => fail(transaction.run(sql`delete from items where text = 'old'`))],
      ['old', (transaction) => findItem(transaction, 'old')],
    ])
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toMatchObject([{ value: undefined }, { value: 1 }])
  })

  it('is added once by 40 that add it where it is not there, in turns together and one after another', async () => {
    const database = await createPlace()()
    const addOnce = (id: number) =>
      database.write(
        async (transaction) => {
          const found = await findItem(transaction, 'once')
          if (found === undefined) await transaction.append(ITEMS, { id, text: 'once' })
          return found ?? id
        },
        { lookup: ITEM, value: 'once' },
      )
    const first = await Promise.all(Array.from({ length: 20 }, (_, id) => addOnce(id)))
    const second = await Promise.all(Array.from({ length: 20 }, (_, id) => addOnce(id + 100)))
    expect(new Set([...first, ...second])).toEqual(new Set([0]))
    expect(await database.read(countItems)).toBe(1)
  })
}
