import { join } from 'node:path'
import { createTempFolder } from '../support/bus.ts'
import { openTestDatabase } from '../support/database.ts'
import { describeStore } from './suite.ts'

describeStore('SQLite in a file', {
  isLasting: true,
  createPlace: () => {
    const path = join(createTempFolder(), 'bus.db')
    return (options = {}) => openTestDatabase({ path, ...options })
  },
})

describeStore('SQLite in memory', {
  isLasting: false,
  createPlace:
    () =>
    (options = {}) =>
      openTestDatabase({ path: ':memory:', ...options }),
})
