import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createBusClient } from '../../src/client/index.ts'
import { createTempFolder } from '../support/bus.ts'
import { startBusProcess } from '../support/process.ts'
import { limitMs, listRounds } from '../support/scale.ts'
import { checkIntegrity } from './crash-integrity.ts'
import { countAcknowledged, createLedger, findLost, startLoad } from './crash-load.ts'
import { createRandom, takeSeed } from './random.ts'

const KILLS = 30
/** What a slow machine may take; the promise of 2 s is told by the figure that is printed. */
const MAX_RESTART_MS = 10_000

describe('a bus that is killed under load, again and again', () => {
  it.each(listRounds({ short: 1, long: 67 }))(
    `has everything that it acknowledged after each of ${KILLS} kills, in a whole file, and answers again: round %i`,
    async () => {
      const seed = takeSeed()
      const random = createRandom(seed)
      const startedAt = performance.now()
      const folder = createTempFolder()
      const databaseUrl = `sqlite:${join(folder, 'bus.db')}`
      const ledger = createLedger()
      const restarts: number[] = []
      const lost: string[] = []
      for (let kill = 0; kill <= KILLS; kill += 1) {
        const restartedAt = performance.now()
        const bus = await startBusProcess(['--port', '0', '--database-url', databaseUrl])
        const client = createBusClient({ baseUrl: bus.apiUrl })
        await client.status.get({})
        restarts.push(performance.now() - restartedAt)
        lost.push(...(await findLost(client, ledger)))
        if (kill === KILLS) break

        const load = startLoad({ apiUrl: bus.apiUrl, ledger, label: `run-${kill}` })
        await load.progress(20 + random.below(200))
        await bus.kill()
        await load.ended
        expect(await checkIntegrity(folder)).toBe('ok')
      }
      const acknowledged = countAcknowledged(ledger)
      const slowest = Math.round(Math.max(...restarts))
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
      console.log(
        `kill -9: ${KILLS} kills, ${acknowledged} acknowledged writes, ${lost.length} lost, slowest restart ${slowest} ms, ${seconds} s, seed ${seed}`,
      )
      expect(lost).toEqual([])
      expect(acknowledged).toBeGreaterThan(KILLS * 10)
      expect(slowest).toBeLessThan(MAX_RESTART_MS)
    },
    limitMs(120_000),
  )
})
