import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Database, type Sql, single, sql } from '../../src/core/database.ts'
import { loadDriver } from '../../src/store/sqlite/driver.ts'
import { createTempFolder } from '../support/bus.ts'
import { openTestDatabase } from '../support/database.ts'
import { appendItem, countItems, insertItem, selectItemIds } from '../support/items.ts'
import { countCommits } from './wal.ts'

async function openFile(): Promise<{ database: Database; path: string }> {
  const path = join(createTempFolder(), 'bus.db')
  return { database: await openTestDatabase({ path }), path }
}

/** A connection of another program to the same file. */
async function openOther(path: string) {
  const connection = (await loadDriver()).open(path)
  onTestFinished(() => connection.close())
  return connection
}

/** Reads or sets a pragma of the writing connection. */
function pragma(database: Database, name: string): Promise<unknown> {
  const statement: Sql = { text: `pragma ${name}`, values: [] }
  return database.write(async (transaction) => Object.values(await single(transaction, statement))[0])
}

describe('durability of SQLite in a file', () => {
  it('is that of a write-ahead log that is synced at every commit, on macOS through to the disk', async () => {
    const { database } = await openFile()
    await database.write((transaction) => insertItem(transaction, 1))
    expect(await pragma(database, 'journal_mode')).toBe('wal')
    expect(await pragma(database, 'synchronous')).toBe(2)
    expect(await pragma(database, 'fullfsync')).toBe(1)
    expect(await pragma(database, 'checkpoint_fullfsync')).toBe(1)
  })

  it('comes before the acknowledgement: what was acknowledged is in the file for everybody', async () => {
    const { database, path } = await openFile()
    const other = await openOther(path)
    for (const id of [1, 2, 3]) {
      await database.write((transaction) => insertItem(transaction, id))
      expect(other.prepare('select count(*) as count from items').all()).toEqual([{ count: id }])
    }
  })

  it('is not at the mercy of whoever reads: a reader cannot write', async () => {
    const { database } = await openFile()
    const write = database.read((reader) => reader.all(sql`insert into items (id, text) values (1, '')`))
    await expect(write).rejects.toThrow()
    expect(await database.read(countItems)).toBe(0)
  })
})

describe('group commit', () => {
  it('makes one commit of 64 writes at once', async () => {
    const { database, path } = await openFile()
    const before = countCommits(path)
    await Promise.all(Array.from({ length: 64 }, () => database.write((transaction) => appendItem(transaction))))
    expect(countCommits(path) - before).toBe(1)
  })

  it('makes one commit of each write that comes alone', async () => {
    const { database, path } = await openFile()
    const before = countCommits(path)
    for (let round = 0; round < 5; round += 1) await database.write((transaction) => appendItem(transaction))
    expect(countCommits(path) - before).toBe(5)
  })

  it('gathers what arrives while a commit is made into the next one', async () => {
    const { database, path } = await openFile()
    const before = countCommits(path)
    const writeThreeTimes = async () => {
      for (let round = 0; round < 3; round += 1) await database.write((transaction) => appendItem(transaction))
    }
    await Promise.all(Array.from({ length: 20 }, writeThreeTimes))
    expect(await database.read(countItems)).toBe(60)
    expect(countCommits(path) - before).toBe(3)
  })

  it('takes at most 512 into one commit', async () => {
    const { database, path } = await openFile()
    const before = countCommits(path)
    await Promise.all(Array.from({ length: 513 }, () => database.write((transaction) => appendItem(transaction))))
    expect(countCommits(path) - before).toBe(2)
  })
})

describe('a full disk', () => {
  /** As much as the largest message. */
  const large = 'x'.repeat(65_536)

  async function openAlmostFull() {
    const { database, path } = await openFile()
    await database.write((transaction) => insertItem(transaction, 1, 'before'))
    const pages = Number(await pragma(database, 'page_count'))
    await pragma(database, `max_page_count = ${pages + 4}`)
    return { database, path, makeRoom: () => pragma(database, `max_page_count = ${pages + 4_000}`) }
  }

  const tooLarge = { code: 'store_unavailable', message: expect.stringContaining('the disk is full') }

  it('refuses the write as store_unavailable, says when to try again, and keeps nothing of it', async () => {
    const { database } = await openAlmostFull()
    const write = database.write(async (transaction) => {
      await insertItem(transaction, 2, 'small')
      await insertItem(transaction, 3, large)
    })
    await expect(write).rejects.toMatchObject({ ...tooLarge, kind: 'unavailable', details: { retry_after_ms: 1_000 } })
    expect(await database.read(selectItemIds)).toEqual([1])
  })

  it('acknowledges nothing of a commit that it refused', async () => {
    const { database } = await openAlmostFull()
    const outcomes = await Promise.allSettled(
      [2, 3, 4].map((id) => database.write((transaction) => insertItem(transaction, id, id === 3 ? large : 'small'))),
    )
    const acknowledged = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [index + 2] : []))
    expect(outcomes[1]).toMatchObject({ status: 'rejected', reason: tooLarge })
    expect(await database.read(selectItemIds)).toEqual([1, ...acknowledged])
  })

  it('takes writes that fit, and all of them when there is room again, without a restart', async () => {
    const { database, makeRoom } = await openAlmostFull()
    const writeLarge = () => database.write((transaction) => insertItem(transaction, 3, large))
    await expect(writeLarge()).rejects.toMatchObject(tooLarge)
    await database.write((transaction) => insertItem(transaction, 2, 'small'))
    await expect(writeLarge()).rejects.toMatchObject(tooLarge)
    await makeRoom()
    await writeLarge()
    expect(await database.read(selectItemIds)).toEqual([1, 2, 3])
    expect(await pragma(database, 'integrity_check')).toBe('ok')
  })
})

describe('a database that cannot be written for a while', () => {
  it('refuses writes and probes as store_unavailable while another program locks it, and reads go on', async () => {
    const { database, path } = await openFile()
    await pragma(database, 'busy_timeout = 1')
    const other = await openOther(path)
    other.exec('begin immediate')
    const locked = { code: 'store_unavailable', message: expect.stringContaining('locked by another program') }
    await expect(database.write((transaction) => insertItem(transaction, 1))).rejects.toMatchObject(locked)
    await expect(database.probe()).rejects.toMatchObject(locked)
    expect(await database.read(countItems)).toBe(0)

    other.exec('rollback')
    await database.probe()
    await database.write((transaction) => insertItem(transaction, 1))
    expect(await database.read(countItems)).toBe(1)
  })

  it('refuses writes and probes as store_unavailable while it is read-only', async () => {
    const { database } = await openFile()
    // The pragma itself takes effect before the commit that it is in, and so that commit is refused as well.
    const readOnly = { code: 'store_unavailable', message: expect.stringContaining('read-only') }
    await expect(pragma(database, 'query_only = on')).rejects.toThrow()
    await expect(database.probe()).rejects.toMatchObject(readOnly)
    await expect(database.write((transaction) => insertItem(transaction, 1))).rejects.toMatchObject(readOnly)
  })
})
