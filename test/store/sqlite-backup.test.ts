import { existsSync, linkSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sql } from '../../src/core/database.ts'
import { backUp } from '../../src/store/sqlite/backup.ts'
import { inspectSqlite } from '../../src/store/sqlite/inspect.ts'
import { createTempFolder } from '../support/bus.ts'
import { openTestDatabase } from '../support/database.ts'
import { itemMigrations } from '../support/items.ts'

async function makeFile() {
  const folder = createTempFolder()
  const path = join(folder, 'bus.db')
  await openTestDatabase({ path })
  return { folder, path, target: join(folder, 'copy.db') }
}

async function readCopy(copy: string): Promise<void> {
  const inspection = await inspectSqlite(copy, itemMigrations)
  await inspection.reader.all(sql`select count(*) as count from items`)
  await inspection.close()
}

/** The files of a folder that this process has open. */
function listOpen(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      const path = readlinkSync(join('/proc/self/fd', name))
      return path.startsWith(folder) ? [path.slice(folder.length + 1)] : []
    } catch {
      return []
    }
  })
}

describe('a backup of the embedded store', () => {
  it.skipIf(!existsSync('/proc/self/fd'))(
    'is not open any more when it gets its name, for Windows gives none to an open file',
    async () => {
      const { folder, path, target } = await makeFile()
      await backUp({ path, target, verify: readCopy })
      const isOfCopy = (name: string) => name.startsWith('copy.db')
      expect(listOpen(folder).filter(isOfCopy)).toEqual([])
    },
  )

  it('takes no file’s place that came while it was made', async () => {
    const { folder, path, target } = await makeFile()
    const made = backUp({
      path,
      target,
      verify: async () => {
        writeFileSync(join(folder, 'other'), 'theirs')
        linkSync(join(folder, 'other'), target)
      },
    })
    await expect(made).rejects.toMatchObject({ code: 'backup_exists' })
    expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([])
  })

  it('fails with what the look at the copy fails with, and leaves nothing', async () => {
    const { folder, path, target } = await makeFile()
    const fault = new Error('not as it must be')
    const made = backUp({ path, target, verify: () => Promise.reject(fault) })
    await expect(made).rejects.toBe(fault)
    expect(readdirSync(folder).filter((name) => name.startsWith('copy'))).toEqual([])
  })
})
