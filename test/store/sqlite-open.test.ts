import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Migration, sql } from '../../src/core/database.ts'
import { startErrors } from '../../src/core/errors.ts'
import { loadDriver } from '../../src/store/sqlite/driver.ts'
import { createTempFolder } from '../support/bus.ts'
import { openTestDatabase } from '../support/database.ts'
import { countItems, insertItem, itemMigrations, selectItemIds } from '../support/items.ts'

const tagMigration: Migration = { id: 'tags/001-tags', statements: ['create table tags (name text primary key)'] }

const createPath = (name = 'bus.db') => join(createTempFolder(), name)

/** Asserts that the database is refused with `code`, and with one line for the person who starts the bus. */
async function expectRefusal(
  opening: Promise<unknown>,
  code: keyof typeof startErrors,
  message: string | RegExp,
): Promise<void> {
  const error: unknown = await opening.then(
    () => new Error('the database was opened'),
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({ name: 'AppError', kind: startErrors[code].kind, code })
  const line = error instanceof Error ? error.message : ''
  expect(line).toMatch(message)
  expect(line).not.toContain('\n')
}

/** Whether this system lets this user make a link to a file; Windows asks for a privilege. */
function tryLink(target: string, link: string, type: 'file' | 'dir'): boolean {
  try {
    symlinkSync(target, link, type)
    return true
  } catch (error) {
    if (process.platform === 'win32') return false
    throw error
  }
}

describe('opening a database file', () => {
  it('makes the file, and the folders that it is in', async () => {
    const path = join(createTempFolder(), 'a', 'b c', 'bus.db')
    const database = await openTestDatabase({ path })
    await database.write((transaction) => insertItem(transaction, 1))
    expect(existsSync(path)).toBe(true)
  })

  it('refuses to begin an empty one beside the log of one that is not there, and keeps that log', async () => {
    const path = createPath()
    const database = await openTestDatabase({ path, migrations: itemMigrations })
    await database.write((transaction) => insertItem(transaction, 1))
    // As a kill leaves it, and then somebody takes the file away.
    const elsewhere = createPath()
    for (const ending of ['', '-wal']) copyFileSync(`${path}${ending}`, `${elsewhere}${ending}`)
    const taken = `${elsewhere}.taken`
    renameSync(elsewhere, taken)
    await expectRefusal(
      openTestDatabase({ path: elsewhere }),
      'database_unusable',
      /is the log of a database that is not there/,
    )
    renameSync(taken, elsewhere)
    const back = await openTestDatabase({ path: elsewhere, migrations: itemMigrations })
    expect(await back.read(countItems)).toBe(1)
  })

  it.skipIf(process.platform === 'win32')('makes folders that nobody else of the machine can look into', async () => {
    const folder = join(createTempFolder(), 'data')
    await openTestDatabase({ path: join(folder, 'bus.db') })
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  it.skipIf(process.platform === 'win32')('makes files that nobody else reads, also in a folder of all', async () => {
    const folder = createTempFolder()
    chmodSync(folder, 0o777)
    const database = await openTestDatabase({ path: join(folder, 'bus.db') })
    await database.write((transaction) => insertItem(transaction, 1))
    const modes = readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mode & 0o777])
    expect(Object.fromEntries(modes)).toEqual({
      'bus.db': 0o600,
      'bus.db-lock': 0o600,
      'bus.db-shm': 0o600,
      'bus.db-wal': 0o600,
    })
  })

  it('leaves everything in that one file when it is closed, so that a copy of it is a backup', async () => {
    const path = createPath()
    const database = await openTestDatabase({ path })
    await database.write((transaction) => insertItem(transaction, 1))
    await database.close()
    const backup = createPath('backup.db')
    copyFileSync(path, backup)
    const restored = await openTestDatabase({ path: backup })
    expect(await restored.read(selectItemIds)).toEqual([1])
  })
})

describe('a second bus on a database file', () => {
  it('is refused with database_in_use and the process that has it', async () => {
    const path = createPath()
    await openTestDatabase({ path })
    await expectRefusal(openTestDatabase({ path }), 'database_in_use', new RegExp(`process ${process.pid}\\b`))
    await expectRefusal(openTestDatabase({ path }), 'database_in_use', /--database-url sqlite:PATH/)
  })

  it('does the first one no harm', async () => {
    const path = createPath()
    const first = await openTestDatabase({ path })
    await expectRefusal(openTestDatabase({ path }), 'database_in_use', /./)
    await first.write((transaction) => insertItem(transaction, 1))
    expect(await first.read(countItems)).toBe(1)
    await expectRefusal(openTestDatabase({ path }), 'database_in_use', /./)
  })

  it('is let in when the first one has closed', async () => {
    const path = createPath()
    const first = await openTestDatabase({ path })
    await first.write((transaction) => insertItem(transaction, 1))
    await first.close()
    const second = await openTestDatabase({ path })
    expect(await second.read(countItems)).toBe(1)
  })

  it('is let in when the first one could not open the file', async () => {
    const path = createPath()
    const broken: Migration = { id: 'items/001-items', statements: ['create nonsense'] }
    await expectRefusal(openTestDatabase({ path, migrations: [broken] }), 'database_unusable', /nonsense/)
    await expect(openTestDatabase({ path })).resolves.toBeDefined()
  })

  it('is refused under every name of the file: relative, through a linked folder, through a linked file', async (test) => {
    const folder = createTempFolder()
    const path = join(folder, 'bus.db')
    await openTestDatabase({ path })
    await expectRefusal(openTestDatabase({ path: join(folder, 'x', '..', 'bus.db') }), 'database_in_use', /./)

    const links = createTempFolder()
    test.skip(!tryLink(folder, join(links, 'folder'), 'dir'), 'this user may not make links')
    tryLink(path, join(links, 'file.db'), 'file')
    await expectRefusal(openTestDatabase({ path: join(links, 'folder', 'bus.db') }), 'database_in_use', /./)
    await expectRefusal(openTestDatabase({ path: join(links, 'file.db') }), 'database_in_use', /./)
  })

  it('is refused, too, when the first one came through a link before the file was there', async (test) => {
    const folder = createTempFolder()
    const link = join(folder, 'link.db')
    test.skip(!tryLink(join(folder, 'bus.db'), link, 'file'), 'this user may not make links')
    await openTestDatabase({ path: link })
    await expectRefusal(openTestDatabase({ path: join(folder, 'bus.db') }), 'database_in_use', /./)
  })

  it('wins or loses whole when two open a new file at the same time', async () => {
    const path = createPath()
    const outcomes = await Promise.allSettled([openTestDatabase({ path }), openTestDatabase({ path })])
    const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    expect(lost).toMatchObject([{ code: 'database_in_use' }])
  })
})

describe('migrations', () => {
  it('run once, whoever opens the file how often', async () => {
    const path = createPath()
    for (let round = 0; round < 3; round += 1) {
      const database = await openTestDatabase({ path })
      const ledger = await database.read((reader) => reader.all(sql`select id from bus_migrations`))
      expect(ledger).toEqual([{ id: 'items/001-items' }])
      await database.close()
    }
  })

  it('go on from where the file is, and keep what is in it', async () => {
    const path = createPath()
    const old = await openTestDatabase({ path })
    await old.write((transaction) => insertItem(transaction, 1))
    await old.close()
    const database = await openTestDatabase({ path, migrations: [...itemMigrations, tagMigration] })
    await database.write((transaction) => transaction.run(sql`insert into tags (name) values ('a')`))
    expect(await database.read(selectItemIds)).toEqual([1])
  })

  it('are all applied or none', async () => {
    const path = createPath()
    const broken: Migration = { id: 'tags/001-tags', statements: [...tagMigration.statements, 'create nonsense'] }
    await expectRefusal(openTestDatabase({ path, migrations: [...itemMigrations, broken] }), 'database_unusable', /./)
    const database = await openTestDatabase({ path, migrations: [...itemMigrations, tagMigration] })
    expect(await database.read(countItems)).toBe(0)
  })

  it('refuse a file with one that they do not know as database_newer, and leave it whole', async () => {
    const path = createPath()
    const migrations = [...itemMigrations, tagMigration]
    await (await openTestDatabase({ path, migrations })).close()
    await expectRefusal(openTestDatabase({ path }), 'database_newer', /tags\/001-tags.*update bus-mcp/)
    await expect(openTestDatabase({ path, migrations })).resolves.toBeDefined()
  })

  it('refuse a file that was made with another text of one as database_changed', async () => {
    const path = createPath()
    await (await openTestDatabase({ path })).close()
    const edited: Migration = { id: 'items/001-items', statements: ['create table items (id integer primary key)'] }
    await expectRefusal(openTestDatabase({ path, migrations: [edited] }), 'database_changed', /items\/001-items/)
  })
})

describe('what is no database of a bus', () => {
  it('is refused as database_unusable when it is the database of another program, and is not touched', async () => {
    const path = createPath('other.db')
    const other = (await loadDriver()).open(path)
    other.exec('create table notes (text text)')
    other.close()
    const before = readFileSync(path)
    await expectRefusal(openTestDatabase({ path }), 'database_unusable', /belongs to another program/)
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  it('is refused as database_unusable when another program has only marked it as its own', async () => {
    const path = createPath('other.db')
    const other = (await loadDriver()).open(path)
    other.exec('pragma application_id = 1196444487; create table notes (text text); drop table notes')
    other.close()
    await expectRefusal(openTestDatabase({ path }), 'database_unusable', /belongs to another program/)
  })

  it('is refused as database_unusable when it is no database at all, and is not touched', async () => {
    const path = createPath('notes.txt')
    const text = 'Not a database, but long enough to have a header.\n'.repeat(20)
    writeFileSync(path, text)
    await expectRefusal(openTestDatabase({ path }), 'database_unusable', /notes\.txt: .*is not an? .*database/)
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  it('is refused as database_inconsistent when it is damaged', async () => {
    const path = createPath()
    await (await openTestDatabase({ path })).close()
    const bytes = readFileSync(path)
    // The header stays whole, and the tree of the schema behind it does not.
    bytes.fill(0xff, 100, 4_096)
    writeFileSync(path, bytes)
    await expectRefusal(
      openTestDatabase({ path }),
      'database_inconsistent',
      /is damaged -- .*restore the newest backup/,
    )
  })

  it('is refused as database_unusable when it is a folder', async () => {
    const path = createPath('folder')
    mkdirSync(path)
    await expectRefusal(openTestDatabase({ path }), 'database_unusable', /folder: the database file cannot be opened/)
  })

  it('is refused as database_unusable when a file is in the place of its folder', async () => {
    const folder = createTempFolder()
    writeFileSync(join(folder, 'file'), '')
    await expectRefusal(openTestDatabase({ path: join(folder, 'file', 'bus.db') }), 'database_unusable', /bus\.db/)
  })

  // Windows has no such mode for folders, and the superuser may write everywhere.
  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
    'is refused as database_unusable when its folder cannot be written',
    async () => {
      const folder = createTempFolder()
      chmodSync(folder, 0o500)
      await expectRefusal(openTestDatabase({ path: join(folder, 'bus.db') }), 'database_unusable', /bus\.db/)
    },
  )
})
