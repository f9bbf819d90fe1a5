import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { startBusProcess } from '../support/process.ts'
import { checkIntegrity } from './crash-integrity.ts'
import { countAcknowledged, createLedger, findLost, startLoad } from './crash-load.ts'
import { plantFault } from './faulty-process.ts'

const isWindows = process.platform === 'win32'
const whyNot = isWindows ? ' (skipped: Windows has no SIGUSR2)' : ''

describe.skipIf(isWindows)(`a fault of a bus that nobody catches${whyNot}`, () => {
  it.each([
    ['throw', 'planted: thrown', 'uncaughtException'],
    ['reject', 'planted: rejected', 'unhandledRejection'],
  ] as const)(
    'ends it at once under load, is logged whole, and costs nothing that was acknowledged: %s',
    async (fault, message, origin) => {
      const folder = createTempFolder()
      const bus = await startBusProcess(
        ['--port', '0', '--database-url', `sqlite:${join(folder, 'bus.db')}`],
        plantFault(fault),
      )
      const ledger = createLedger()
      const load = startLoad({ apiUrl: bus.apiUrl, ledger, label: fault })
      await load.progress(200)
      const exited = once(bus.child, 'exit')
      bus.child.kill('SIGUSR2')
      const startedAt = performance.now()
      expect(await exited).toEqual([70, null])
      const endedAfterMs = performance.now() - startedAt
      await load.ended
      expect(bus.stderr().trimEnd()).not.toContain('\n')
      expect(JSON.parse(bus.stderr())).toMatchObject({
        level: 'error',
        event: 'bus-mcp failed',
        error: expect.stringMatching(new RegExp(`^Error: ${message}\\n +at .*faults.cjs`)),
        origin,
      })

      expect(await checkIntegrity(folder)).toBe('ok')
      const restarted = await startTestBus({ databasePlace: join(folder, 'bus.db') })
      const lost = await findLost(restarted.client, ledger)
      console.log(
        `uncaught, ${fault}: ended after ${Math.round(endedAfterMs)} ms, ${countAcknowledged(ledger)} acknowledged writes, ${lost.length} lost`,
      )
      expect(lost).toEqual([])
    },
    60_000,
  )
})
