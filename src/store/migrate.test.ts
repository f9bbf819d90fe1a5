import { describe, expect, it } from 'vitest'
import type { Migration } from '../core/database.ts'
import { hashMigration, planMigrations } from './migrate.ts'

const one: Migration = { id: 'a/001-one', statements: ['create table one (id bigint)'] }
const two: Migration = { id: 'a/002-two', statements: ['create table two (id bigint)', 'drop table one'] }
const other: Migration = { id: 'b/001-other', statements: ['create table other (id bigint)'] }

const applied = (...migrations: Migration[]) => migrations.map((m) => ({ id: m.id, hash: hashMigration(m) }))

describe('the plan of migrations', () => {
  it('is all of them, in their order, for a new database', () => {
    expect(planMigrations([one, two, other], [])).toEqual([one, two, other])
  })

  it('is what the ledger does not have, whatever the order in which it was applied', () => {
    expect(planMigrations([one, two, other], applied(other, one))).toEqual([two])
    expect(planMigrations([one, two, other], applied(other, two, one))).toEqual([])
  })

  it('is refused as database_newer when the ledger has one that is not known', () => {
    expect(() => planMigrations([one], applied(one, two))).toThrow(
      expect.objectContaining({ code: 'database_newer', message: expect.stringContaining('a/002-two') }),
    )
  })

  it('is refused as database_changed when one that was applied reads differently now', () => {
    const edited = { ...two, statements: ['create table two (id text)'] }
    expect(() => planMigrations([one, edited], applied(one, two))).toThrow(
      expect.objectContaining({ code: 'database_changed', message: expect.stringContaining('a/002-two') }),
    )
  })
})

describe('the hash of a migration', () => {
  it('is that of its statements, in their order, and not of its id', () => {
    const [first = '', second = ''] = two.statements
    expect(hashMigration(two)).toMatch(/^[0-9a-f]{64}$/)
    expect(hashMigration({ ...two, id: 'renamed' })).toBe(hashMigration(two))
    expect(hashMigration({ ...two, statements: [second, first] })).not.toBe(hashMigration(two))
    expect(hashMigration({ ...two, statements: [first] })).not.toBe(hashMigration(two))
  })
})
