import { describe, expect, it } from 'vitest'
import { isAtLeast, loadDriver } from './driver.ts'

describe('the version of SQLite', () => {
  it.each([
    ['3.51.3', true],
    ['3.51.4', true],
    ['3.52.0', true],
    ['3.100.0', true],
    ['4.0.0', true],
    ['3.51.10', true],
    ['3.51.2', false],
    ['3.50.9', false],
    ['3.9.99', false],
    ['2.99.99', false],
    ['3.51', false],
    ['of unknown version', false],
    ['', false],
  ])('%s is new enough: %s', (version, isEnough) => {
    expect(isAtLeast(version, [3, 51, 3])).toBe(isEnough)
  })
})

describe('the driver', () => {
  it('has an SQLite without the fault that can corrupt a file, and says which', async () => {
    const { name, sqliteVersion } = await loadDriver()
    expect(['node:sqlite', '@photostructure/sqlite']).toContain(name)
    expect(isAtLeast(sqliteVersion, [3, 51, 3])).toBe(true)
  })

  it('runs statements with their values, on rows and without', async () => {
    const connection = (await loadDriver()).open(':memory:')
    connection.exec('create table items (id bigint, text text)')
    connection.prepare('insert into items values (?, ?)').run(1_900_000_000_123, null)
    expect(connection.prepare('select id, text from items').all()).toEqual([{ id: 1_900_000_000_123, text: null }])
    connection.close()
  })

  it('leaves the process’s warnings as they were', async () => {
    const { emitWarning } = process
    await loadDriver()
    expect(process.emitWarning).toBe(emitWarning)
  })
})
