import { describe, expect, it } from 'vitest'
import { defineAppend } from '../../src/core/append.ts'
import { sql, type Transaction } from '../../src/core/database.ts'
import { insertItem, selectItemIds } from '../support/items.ts'
import { openSession, openTestPostgres, startTestPostgres } from '../support/postgres-database.ts'

const postgres = startTestPostgres()

const ITEMS = defineAppend('items', [
  ['id', 'bigint'],
  ['text', 'text'],
])

const append = (id: number) => (transaction: Transaction) => transaction.append(ITEMS, { id, text: '' })

describe('rows that PostgreSQL is to write at the end of a turn', () => {
  it('are nobody’s when it does not take one of them, and those of the next turn are kept', async () => {
    const database = await openTestPostgres({ url: await postgres().createDatabase() })
    await database.write(append(2))
    const outcomes = await Promise.allSettled([1, 2, 3].map((id) => database.write(append(id))))
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: '23505' } })
    }
    await database.write(append(4))
    expect(await database.read(selectItemIds)).toEqual([2, 4])
  })

  it('are refused to all with store_unavailable, as not made, when the connection is lost before', async () => {
    const database = await openTestPostgres({ url: await postgres().createDatabase() })
    const outcomes = await Promise.allSettled([
      database.write(append(1)),
      database.write(async (transaction) => {
        await postgres().terminateBackends()
        await append(2)(transaction)
      }),
      database.write(append(3)),
    ])
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable' } })
      expect(outcome).not.toHaveProperty('reason.details.outcome_unknown')
    }
    await database.write(append(4))
    expect(await database.read(selectItemIds)).toEqual([4])
  })

  it('are refused with why the server could not write them, and not with what it said to what came after', async () => {
    const url = await postgres().createDatabase()
    const database = await openTestPostgres({ url })
    const admin = await openSession(url)
    await admin.query(`
      create function refuse() returns trigger language plpgsql as $$
      begin raise exception using errcode = 'disk_full'; end $$`)
    await admin.query('create trigger refuse before insert on items for each row execute function refuse()')
    const full = { code: 'store_unavailable', message: expect.stringContaining('the disk of the database is full') }
    await expect(database.write(append(1))).rejects.toMatchObject(full)
    // Here a statement that names the table is sent behind them.
    const look = async (transaction: Transaction) => {
      await append(1)(transaction)
      return selectItemIds(transaction)
    }
    await expect(database.write(look)).rejects.toMatchObject(full)
    await admin.query('drop trigger refuse on items')
    await database.write(append(1))
    expect(await database.read(selectItemIds)).toEqual([1])
  })

  it('are written as often as bodies look, and kept once, whatever those bodies come to', async () => {
    const database = await openTestPostgres({ url: await postgres().createDatabase() })
    const ids = Array.from({ length: 200 }, (_, id) => id)
    const outcomes = await Promise.allSettled(
      ids.map((id) =>
        database.write(async (transaction) => {
          await append(id)(transaction)
          if (id % 3 === 0) await selectItemIds(transaction)
          if (id % 7 === 0) await insertItem(transaction, id + 1_000)
          if (id % 5 === 0) await transaction.run(sql`update items set text = text || 'x' where id = ${id - 1}`)
          if (id % 4 === 0) throw new Error('changed my mind')
        }),
      ),
    )
    const kept = ids.filter((id) => outcomes[id]?.status === 'fulfilled')
    expect(kept).toEqual(ids.filter((id) => id % 4 !== 0))
    const more = kept.filter((id) => id % 7 === 0).map((id) => id + 1_000)
    expect(await database.read(selectItemIds)).toEqual([...kept, ...more])
    const changed = await database.read((reader) =>
      reader.all<{ id: number; text: string }>(sql`select id, text from items where text <> '' order by id`),
    )
    const expected = kept.filter((id) => kept.includes(id + 1) && (id + 1) % 5 === 0)
    expect(changed).toEqual(expected.map((id) => ({ id, text: 'x' })))
  })
})
