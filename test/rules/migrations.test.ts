import { describe, expect, it } from 'vitest'
import { capabilities } from '../../src/capabilities/index.ts'
import { hashMigration } from '../../src/store/migrate.ts'
import lock from './migrations.lock.json' with { type: 'json' }
import { checkMigrationIds, checkMigrationLock } from './support/migrations.ts'

const migrations = capabilities.flatMap((capability) => capability.migrations)

const first = { id: 'lanes/001-lanes', statements: ['create table lanes (name text)'] }
const second = { id: 'lanes/002-notes', statements: ['alter table lanes add column note text'] }

describe('the ids of migrations', () => {
  it('are unique, of the form capability/NNN-title, and numbered without gaps', () => {
    expect(migrations.length).toBeGreaterThan(0)
    expect(checkMigrationIds(capabilities, { log: 'messages' })).toEqual([])
  })

  it.each([
    [[first, first], 'lanes/001-lanes comes twice'],
    [[second], 'lanes/002-notes must have number 001'],
    [[first, { ...second, id: 'lanes/003-notes' }], 'lanes/003-notes must have number 002'],
    [[{ ...first, id: 'lanes/1-lanes' }], 'lanes/1-lanes is not lanes/NNN-title'],
    [[{ ...first, id: 'messages/001-lanes' }], 'messages/001-lanes is not lanes/NNN-title'],
  ])('are told when they are not: %#', (planted, breach) => {
    expect(checkMigrationIds([{ name: 'lanes', migrations: planted }])).toEqual([breach])
  })
})

describe('released migrations', () => {
  it('are as test/rules/migrations.lock.json has them', () => {
    expect(checkMigrationLock(migrations, lock)).toEqual([])
  })

  const locked = { [first.id]: hashMigration(first) }

  it('are told when one changed by as little as a space', () => {
    const changed = { ...first, statements: ['create table lanes  (name text)'] }
    expect(checkMigrationLock([changed], locked)).toEqual([
      'lanes/001-lanes was released and must not change: write a new migration',
    ])
  })

  it('are told when one is gone', () => {
    expect(checkMigrationLock([], locked)).toEqual(['lanes/001-lanes was released and must stay'])
  })

  it('are told, with the line to add, when a new one is not locked', () => {
    expect(checkMigrationLock([first, second], locked)).toEqual([
      `lanes/002-notes is not locked: add "lanes/002-notes": "${hashMigration(second)}" to test/rules/migrations.lock.json`,
    ])
  })
})
