import { describe, expect, it } from 'vitest'
import type { Transaction } from '../../src/core/database.ts'
import { sql } from '../../src/core/database.ts'
import { insertItem } from '../support/items.ts'
import type { StoreKind } from './suite.ts'
import { describeAppends } from './suite-append.ts'
import { describeLookups } from './suite-lookup.ts'

/** What an engine promises of rows that need no statement of their own, and of what need not be asked again. */
export function describeRows(name: string, kind: StoreKind): void {
  describe(`a row that is added in ${name}`, () => describeAppends(kind))
  describe(`a row that is looked up in ${name}`, () => describeLookups(kind))
  describe(`what is remembered in ${name}`, () => describeMemory(kind))
}

function describeMemory({ createPlace }: StoreKind): void {
  const recall = async (transaction: Transaction) => transaction.memory

  it('stays when a body is taken back that did not ask for it', async () => {
    const database = await createPlace()()
    const known = await database.write(recall)
    const failing = database.write(async (transaction) => {
      await insertItem(transaction, 1)
      throw new Error('changed my mind')
    })
    const together = database.write(recall)
    await expect(failing).rejects.toThrow('changed my mind')
    expect(await together).toBe(known)
    expect(await database.write(recall)).toBe(known)
  })

  it('is forgotten when a body is taken back that asked for it', async () => {
    const database = await createPlace()()
    const known = await database.write(recall)
    const failing = database.write(async (transaction) => {
      if (transaction.memory === known) await insertItem(transaction, 1)
      throw new Error('changed my mind')
    })
    const together = database.write(recall)
    await expect(failing).rejects.toThrow('changed my mind')
    expect(await together).not.toBe(known)
    expect(await database.write(recall)).toBe(await together)
  })

  it('stays when a body fails that changed nothing', async () => {
    const database = await createPlace()()
    const known = await database.write(recall)
    const failing = database.write(async (transaction) => {
      await transaction.all(sql`select id from items order by id limit 1`)
      if (transaction.memory === known) throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    expect(await database.write(recall)).toBe(known)
  })
}
