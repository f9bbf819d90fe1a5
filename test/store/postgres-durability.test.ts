import { describe, expect, it } from 'vitest'
import { sql } from '../../src/core/database.ts'
import { insertItem } from '../support/items.ts'
import { openSession, openTestPostgres, startTestPostgres } from '../support/postgres-database.ts'

const postgres = startTestPostgres()

const SAFE = 'fsync on, synchronous_commit on, full_page_writes on'

/** Sets a setting of the server while it runs. */
async function setServer(url: string, text: string): Promise<void> {
  const session = await openSession(url)
  await session.query(text)
  await session.query('select pg_reload_conf()')
}

/** The settings reach each connection a moment later. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await isSo()) return
    await new Promise((done) => setTimeout(done, 20))
  }
  throw new Error('it did not come to be')
}

describe('a PostgreSQL server that is told not to sync while a bus runs on it', () => {
  it('gets no more writes, and each refusal says why, until it syncs again', async () => {
    const url = await postgres().createDatabase()
    const database = await openTestPostgres({ url })
    await database.write((transaction) => insertItem(transaction, 1))
    expect(database.durability()).toBe(SAFE)

    await setServer(url, 'alter system set fsync = off')
    const refusal = () =>
      database.probe().then(
        () => undefined,
        (error: unknown) => error,
      )
    await until(async () => (await refusal()) !== undefined)
    expect(await refusal()).toMatchObject({ code: 'store_unavailable', message: expect.stringContaining('fsync off') })
    await expect(database.write((transaction) => insertItem(transaction, 2))).rejects.toMatchObject({
      code: 'store_unavailable',
    })
    expect(database.durability()).toContain('fsync off')

    await setServer(url, 'alter system reset fsync')
    await until(async () => (await refusal()) === undefined)
    await database.write((transaction) => insertItem(transaction, 3))
    expect(database.durability()).toBe(SAFE)
    const rows = await database.read((reader) => reader.all(sql`select id from items order by id`))
    expect(rows).toEqual([{ id: 1 }, { id: 3 }])
  })

  it('goes on getting them from a bus that takes an unsafe server, which says so', async () => {
    const url = await postgres().createDatabase()
    const database = await openTestPostgres({ url, allowUnsafe: true })
    await setServer(url, 'alter system set full_page_writes = off')
    await until(async () => {
      await database.probe()
      return database.durability().includes('full_page_writes off')
    })
    await setServer(url, 'alter system reset full_page_writes')
  })
})

describe('a PostgreSQL server that refuses a bus', () => {
  it('makes it unavailable, and is no fault of the bus', async () => {
    const url = await postgres().createDatabase()
    const database = await openTestPostgres({ url })
    const elsewhere = await openSession(url.replace(/[^/]*$/, 'postgres'))
    const name = new URL(url).pathname.slice(1)
    await elsewhere.query(`alter database ${name} allow_connections false`)
    await postgres().terminateBackends()
    const refused = { code: 'store_unavailable', message: expect.stringContaining('the database refuses this bus') }
    await expect(database.write((transaction) => insertItem(transaction, 1))).rejects.toMatchObject(refused)
    const again = await openSession(url.replace(/[^/]*$/, 'postgres'))
    await again.query(`alter database ${name} allow_connections true`)
    await database.write((transaction) => insertItem(transaction, 1))
  })
})
