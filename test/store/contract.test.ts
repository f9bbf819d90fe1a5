import { join } from 'node:path'
import { createTempFolder } from '../support/bus.ts'
import { openTestDatabase } from '../support/database.ts'
import { openTestPostgres, startTestPostgres } from '../support/postgres-database.ts'
import { describeStore } from './suite.ts'

describeStore('SQLite in a file', {
  isLasting: true,
  isShared: false,
  createPlace: () => {
    const path = join(createTempFolder(), 'bus.db')
    return (options = {}) => openTestDatabase({ path, ...options })
  },
})

describeStore('SQLite in memory', {
  isLasting: false,
  isShared: false,
  createPlace:
    () =>
    (options = {}) =>
      openTestDatabase({ path: ':memory:', ...options }),
})

const postgres = startTestPostgres()

describeStore('PostgreSQL', {
  isLasting: true,
  isShared: true,
  createPlace: () => {
    let url: Promise<string> | undefined
    return async (options = {}) => {
      url ??= postgres().createDatabase()
      return openTestPostgres({ url: await url, ...options })
    }
  },
})
