import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { loadDriver } from '../../src/store/sqlite/driver.ts'
import { createTempFolder } from '../support/bus.ts'

/** What SQLite says of a copy of the files that a bus left, so that the bus itself meets them untouched: `ok`, or what is wrong. */
export async function checkIntegrity(folder: string): Promise<unknown> {
  const copy = join(createTempFolder(), 'copy')
  cpSync(folder, copy, { recursive: true })
  const connection = (await loadDriver()).open(join(copy, 'bus.db'))
  try {
    const rows = connection.prepare('pragma integrity_check').all()
    return rows.flatMap((row) => (typeof row === 'object' && row !== null ? Object.values(row) : [])).join('; ')
  } finally {
    connection.close()
  }
}
