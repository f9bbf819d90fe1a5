import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { limitMs, listRounds } from '../support/scale.ts'
import { OUTCOMES, runClients } from './lane-clients.ts'
import { findInventedQueues, findShortWaits } from './waits.ts'

async function startFile(): Promise<[string]> {
  const { apiUrl } = await startTestBus({ minLeaseMs: 1, databasePlace: join(createTempFolder(), 'bus.db') })
  return [apiUrl]
}

describe('a lane under twelve clients at once', () => {
  it.each(listRounds({ short: 1, long: 67 }))(
    'answers in one order that explains everything, over HTTP, with connections cut: round %i',
    {
      timeout: limitMs(110_000),
    },
    async () => {
      const { verdict, counts } = await runClients('lanes', {
        operations: 30_000,
        lanes: 32,
        cutShare: 0.01,
        apiUrls: await startFile(),
      })
      expect(verdict).toEqual({ kind: 'ok', settled: expect.any(Number) })
      for (const outcome of [...OUTCOMES, 'unknown']) expect(counts.get(outcome), outcome).toBeGreaterThan(0)
    },
  )

  it.each(listRounds({ short: 1, long: 67 }))(
    'does so when many of them wait for few lanes, and their connections are cut while they do: round %i',
    {
      timeout: limitMs(110_000),
    },
    async () => {
      const waits = { share: 0.5, minMs: 50, maxMs: 300 }
      const plan = { operations: 6_000, lanes: 6, cutShare: 0.02, waits, apiUrls: await startFile() }
      const { entries, verdict, counts } = await runClients('lanes with waits', plan)
      expect(verdict).toEqual({ kind: 'ok', settled: expect.any(Number) })
      expect(findInventedQueues(entries)).toEqual([])
      expect(findShortWaits(entries)).toEqual([])
      for (const outcome of ['claim with wait', 'steal with wait', 'lane_queued', 'unknown with wait']) {
        expect(counts.get(outcome), outcome).toBeGreaterThan(0)
      }
    },
  )
})
