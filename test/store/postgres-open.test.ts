import { describe, expect, it } from 'vitest'
import { sql } from '../../src/core/database.ts'
import { insertItem, itemMigrations } from '../support/items.ts'
import { openSession, openTestPostgres, startTestPostgres } from '../support/postgres-database.ts'

const postgres = startTestPostgres()
const unsafePostgres = startTestPostgres(['fsync=off'])

/** Asserts that the database is refused with `code`, and with one line for the person who starts the bus. */
async function expectRefusal(opening: Promise<unknown>, code: string, message: RegExp): Promise<string> {
  const error: unknown = await opening.then(
    () => new Error('the database was opened'),
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({ name: 'AppError', kind: 'unavailable', code })
  const line = error instanceof Error ? error.message : ''
  expect(line).toMatch(message)
  expect(line).not.toContain('\n')
  return line
}

describe('opening a PostgreSQL database', () => {
  it('is refused with database_unsafe when the server does not sync, and one line names the setting', async () => {
    const opening = openTestPostgres({ url: await unsafePostgres().createDatabase() })
    await expectRefusal(opening, 'database_unsafe', /may lose what it acknowledged \(fsync off.*--allow-unsafe/)
  })

  it('is refused with database_unsafe when the server answers before it has synced', async () => {
    const url = await postgres().createDatabase()
    const { database = '' } = await openSession(url)
    await (await openSession(url)).query(`alter database ${database} set synchronous_commit = off`)
    await expectRefusal(openTestPostgres({ url }), 'database_unsafe', /synchronous_commit off/)
  })

  it('takes an unsafe server when it is told to, and tells how durable it is', async () => {
    const database = await openTestPostgres({ url: await unsafePostgres().createDatabase(), allowUnsafe: true })
    expect(database.durability()).toBe('fsync off, synchronous_commit on, full_page_writes on')
    await database.write((transaction) => insertItem(transaction, 1))
    const safe = await openTestPostgres({ url: await postgres().createDatabase() })
    expect(safe.durability()).toBe('fsync on, synchronous_commit on, full_page_writes on')
  })

  it('migrates once when eight start at once, and all have the same epoch', async () => {
    const url = await postgres().createDatabase()
    const databases = await Promise.all(Array.from({ length: 8 }, () => openTestPostgres({ url })))
    expect(new Set(databases.map(({ epoch }) => epoch)).size).toBe(1)
    const client = await openSession(url)
    expect((await client.query('select id from bus_migrations')).rows).toEqual(itemMigrations.map(({ id }) => ({ id })))
    expect((await client.query('select epoch from bus_store')).rowCount).toBe(1)
  })

  it('is refused with database_newer when it has a migration that nobody here knows', async () => {
    const url = await postgres().createDatabase()
    await openTestPostgres({ url })
    await (await openSession(url)).query(`insert into bus_migrations values ('items/999-later', 'hash', 1)`)
    await expectRefusal(openTestPostgres({ url }), 'database_newer', /items\/999-later/)
  })

  it('leaves nothing behind when a migration fails', async () => {
    const url = await postgres().createDatabase()
    const broken = { id: 'items/002-broken', statements: ['create table more (id bigint)', 'create tabel wrong'] }
    const opening = openTestPostgres({ url, migrations: [...itemMigrations, broken] })
    await expectRefusal(opening, 'database_unusable', /syntax error/)
    await openTestPostgres({ url })
  })

  it('is refused with one line when there is no server, and that line keeps the password to itself', async () => {
    const url = 'postgres://ann:secret-word@127.0.0.1:1/bus'
    const line = await expectRefusal(openTestPostgres({ url }), 'database_unusable', /127\.0\.0\.1/)
    expect(line).not.toContain('secret-word')
  })

  it('is refused with one line when the server does not have it', async () => {
    const url = new URL(await postgres().createDatabase())
    url.pathname = '/no_such_database'
    await expectRefusal(openTestPostgres({ url: url.href }), 'database_unusable', /no_such_database/)
  })
})

describe('a statement that takes longer than any caller waits', () => {
  it('is refused to a bus, but not to a migration, nor to one that carries everything elsewhere', async () => {
    const [url, other] = [await postgres().createDatabase(), await postgres().createDatabase()]
    const [bus, patient] = [await openTestPostgres({ url }), await openTestPostgres({ url, isPatient: true })]
    const slow = { id: 'items/002-slow', statements: ['select pg_sleep(5.6)'] }
    const migrating = openTestPostgres({ url: other, migrations: [...itemMigrations, slow] })
    const carrying = patient.read((reader) => reader.all(sql`select pg_sleep(5.6)`))
    await expect(bus.read((reader) => reader.all(sql`select pg_sleep(5.6)`))).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('the database took too long'),
    })
    await migrating
    expect(await carrying).toHaveLength(1)
  })
})
