import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it, onTestFinished } from 'vitest'
import { single, sql } from '../../src/core/database.ts'
import { createTempFolder } from '../support/bus.ts'
import { openTestDatabase } from '../support/database.ts'
import { selectItemIds } from '../support/items.ts'

const ROOT = join(import.meta.dirname, '../..')
const WRITER = join(import.meta.dirname, 'fixtures', 'write-until-killed.ts')

/** Starts a process that writes to the file without pause; killed after the test at the latest. */
function startWriter(path: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', WRITER, path], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  const acknowledged: number[] = []
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => acknowledged.push(Number(line)))
  const kill = async () => {
    child.kill('SIGKILL')
    await closed
  }
  onTestFinished(kill)
  return {
    pid: child.pid,
    acknowledged,
    kill,
    /** Resolves when so many writes were acknowledged; rejects when the process ends before. */
    waitFor: async (count: number) => {
      const ended = closed.then(() => {
        throw new Error('the writer ended by itself')
      })
      while (acknowledged.length < count) await Promise.race([once(lines, 'line'), ended])
    },
  }
}

describe('a bus that is killed while it writes', () => {
  it('has lost nothing that it acknowledged, however often it is killed, and has left no gap', async () => {
    const path = join(createTempFolder(), 'bus.db')
    const acknowledged: number[] = []
    for (let round = 0; round < 3; round += 1) {
      const writer = startWriter(path)
      await writer.waitFor(300)
      await writer.kill()
      acknowledged.push(...writer.acknowledged)
    }

    const database = await openTestDatabase({ path })
    const kept = await database.read(selectItemIds)
    expect(acknowledged.length).toBeGreaterThanOrEqual(900)
    expect(new Set(acknowledged).size).toBe(acknowledged.length)
    expect(acknowledged.filter((id) => !kept.includes(id))).toEqual([])
    expect(kept).toEqual(kept.map((_, index) => index + 1))
    const { integrity_check } = await database.read((reader) =>
      single<{ integrity_check: string }>(reader, sql`pragma integrity_check`),
    )
    expect(integrity_check).toBe('ok')
  })

  it('keeps others out until then, and the next one is let in at once', async () => {
    const path = join(createTempFolder(), 'bus.db')
    const writer = startWriter(path)
    await writer.waitFor(1)
    await expect(openTestDatabase({ path })).rejects.toMatchObject({
      code: 'database_in_use',
      message: expect.stringContaining(`process ${writer.pid})`),
    })
    await writer.kill()
    await expect(openTestDatabase({ path })).resolves.toBeDefined()
  })
})
