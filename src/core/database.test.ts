import { describe, expect, it } from 'vitest'
import { openTestDatabase } from '../../test/support/database.ts'
import { insertItem } from '../../test/support/items.ts'
import { allOf, first, single, sql } from './database.ts'

describe('a statement', () => {
  it('carries its values as parameters, in their order, and never as text', () => {
    const evil = "'; drop table items; --"
    expect(sql`select id from items where text = ${evil} and id > ${7} limit ${null}`).toEqual({
      text: 'select id from items where text = ? and id > ? limit ?',
      values: [evil, 7, null],
    })
  })

  it('takes another one in, with its values in their place', () => {
    const columns = sql`id, text`
    const condition = sql`id between ${1} and ${2}`
    expect(sql`select ${columns} from items where text = ${'a'} and ${condition} and text <> ${'b'}`).toEqual({
      text: 'select id, text from items where text = ? and id between ? and ? and text <> ?',
      values: ['a', 1, 2, 'b'],
    })
  })

  it('without values is its text', () => {
    expect(sql`select 1`).toEqual({ text: 'select 1', values: [] })
    expect(sql``).toEqual({ text: '', values: [] })
  })
})

describe('conditions joined with allOf', () => {
  it('must all hold, each as a whole', () => {
    expect(allOf([sql`a = ${1} or b = ${2}`, sql`c = ${3}`])).toEqual({
      text: '(a = ? or b = ?) and (c = ?)',
      values: [1, 2, 3],
    })
  })

  it('always hold when there are none', () => {
    expect(sql`select 1 where ${allOf([])}`).toEqual({ text: 'select 1 where 1 = 1', values: [] })
  })
})

describe('the row of a statement', () => {
  const byId = (id: number) => sql`select text from items where id = ${id}`

  it('is the first, or undefined when there is none', async () => {
    const database = await openTestDatabase({ path: ':memory:' })
    await database.write((transaction) => insertItem(transaction, 1, 'one'))
    expect(await database.read((reader) => first(reader, byId(1)))).toEqual({ text: 'one' })
    expect(await database.read((reader) => first(reader, byId(2)))).toBeUndefined()
  })

  it('is a fault of ours when it must be there and is not', async () => {
    const database = await openTestDatabase({ path: ':memory:' })
    await database.write((transaction) => insertItem(transaction, 1, 'one'))
    expect(await database.read((reader) => single(reader, byId(1)))).toEqual({ text: 'one' })
    await expect(database.read((reader) => single(reader, byId(2)))).rejects.toThrow(
      'a statement that always yields a row yielded none: select text from items where id = ?',
    )
  })
})
