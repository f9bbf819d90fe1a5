import { copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTempFolder } from '../../../test/support/bus.ts'
import { loadDriver, type SqliteConnection } from './driver.ts'
import { watchContent } from './own-content.ts'
import { rememberFiles } from './own-files.ts'

const PAGE_BYTES = 4096

/** A file whose log holds more than the file does. `folder` is of the test. */
async function createFile(folder: string) {
  const driver = await loadDriver()
  const path = join(folder, 'bus.db')
  const connection = driver.open(path)
  onTestFinished(() => connection.close())
  connection.exec(`
    pragma page_size = ${PAGE_BYTES};
    pragma journal_mode = wal;
    pragma wal_autocheckpoint = 0;
    create table bus_store (epoch text, last_moment integer);
    insert into bus_store values ('first', 1000);
    create table filler (text text);`)
  connection.prepare('pragma wal_checkpoint(truncate)').all()
  const isOverwritten = watchContent(driver, path, () => {})
  fill(connection, 2000)
  return { driver, path, connection, isOverwritten, isForeign: () => isOverwritten(statSync(path)) }
}

function fill(connection: SqliteConnection, moment: number): void {
  for (let row = 0; row < 50; row++) connection.exec(`insert into filler values ('${'x'.repeat(PAGE_BYTES)}')`)
  connection.exec(`update bus_store set last_moment = ${moment}`)
}

describe('what is in the file beside its log', () => {
  it('is of here when the log was copied into it', async () => {
    const { connection, isForeign } = await createFile(createTempFolder())
    connection.prepare('pragma wal_checkpoint(passive)').all()
    expect(isForeign()).toBe(false)
  })

  it('is of here when the copying was cut off, as by a full disk, and is seen to be so when it is done', async () => {
    const { driver, path, connection, isForeign } = await createFile(createTempFolder())
    const whole = join(createTempFolder(), 'whole.db')
    for (const ending of ['', '-wal']) copyFileSync(`${path}${ending}`, `${whole}${ending}`)
    const copy = driver.open(whole)
    copy.prepare('pragma wal_checkpoint(truncate)').all()
    copy.close()
    // The first page is there, and tells of pages that are not.
    const bytes = readFileSync(path)
    readFileSync(whole).copy(bytes, 0, 0, PAGE_BYTES)
    writeFileSync(path, bytes)
    expect(isForeign()).toBe(false)
    connection.prepare('pragma wal_checkpoint(passive)').all()
    expect(isForeign()).toBe(false)
  })

  it.each([
    [
      'an older state of the same database',
      "update bus_store set last_moment = 999; insert into filler values ('older')",
    ],
    ['another database of ours', "update bus_store set epoch = 'other', last_moment = 9000"],
    ['a database of another program', 'drop table bus_store'],
  ])('is not of here when it is %s, until it is put right again', async (_, change) => {
    const { driver, path, isForeign } = await createFile(createTempFolder())
    const mine = readFileSync(path)
    const other = join(createTempFolder(), 'other.db')
    copyFileSync(path, other)
    const connection = driver.open(other)
    connection.exec(`pragma journal_mode = delete; ${change}`)
    connection.close()
    writeFileSync(path, readFileSync(other))
    expect(isForeign()).toBe(true)
    expect(isForeign()).toBe(true)
    writeFileSync(path, mine)
    expect(isForeign()).toBe(false)
  })

  it('is not of here when it is no database at all', async () => {
    const { path, isForeign } = await createFile(createTempFolder())
    writeFileSync(path, 'no database\n'.repeat(1_000))
    expect(isForeign()).toBe(true)
  })

  it.skipIf(process.platform === 'win32')(
    'is not made anew when the file is deleted while it is looked at, and then it is told that it was deleted (skipped on Windows: nobody deletes an open file there)',
    async () => {
      const { path, connection, isOverwritten } = await createFile(createTempFolder())
      connection.prepare('pragma wal_checkpoint(passive)').all()
      writeFileSync(`${path}-lock`, '')
      const files = rememberFiles({
        path,
        log: undefined,
        isOverwritten: (stats) => {
          rmSync(path)
          return isOverwritten(stats)
        },
        rescue: () => {},
      })
      files.look()
      expect(existsSync(path)).toBe(false)
      expect(() => files.assertKept()).toThrow('it was deleted or moved away while the bus runs')
    },
  )
})
