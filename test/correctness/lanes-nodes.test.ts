import { describe, expect, it } from 'vitest'
import { startThreeNodes } from '../support/nodes.ts'
import { startTestPostgres } from '../support/postgres-database.ts'
import { limitMs, listRounds, scale } from '../support/scale.ts'
import { OUTCOMES, runClients } from './lane-clients.ts'
import { findInventedQueues, findShortWaits } from './waits.ts'

/** Longer than a turn of each node, so that some are kept. */
const LEASES = { minMs: 40, maxMs: 250 }

const postgres = startTestPostgres()

async function startNodes(): Promise<[string, string, string]> {
  const [one, two, three] = await startThreeNodes(await postgres().createDatabase(), { minLeaseMs: 1 })
  return [one.apiUrl, two.apiUrl, three.apiUrl]
}

describe('a lane under twelve clients on three nodes', () => {
  it.each(listRounds({ short: 1, long: 20 }))(
    'answers in one order that explains everything, over HTTP, with connections cut: round %i',
    { timeout: limitMs(110_000) },
    async () => {
      const operations = scale({ short: 1_800, long: 30_000 })
      const plan = { operations, lanes: 10, cutShare: 0.02, leases: LEASES, apiUrls: await startNodes() }
      const { verdict, counts } = await runClients('lanes on three nodes', plan)
      expect(verdict).toEqual({ kind: 'ok', settled: expect.any(Number) })
      for (const outcome of [...OUTCOMES, 'unknown']) expect(counts.get(outcome), outcome).toBeGreaterThan(0)
    },
  )

  it.each(listRounds({ short: 1, long: 20 }))(
    'does so when many of them wait for few lanes, and their connections are cut while they do: round %i',
    { timeout: limitMs(110_000) },
    async () => {
      const waits = { share: 0.5, minMs: 50, maxMs: 300 }
      const operations = scale({ short: 800, long: 6_000 })
      const plan = { operations, lanes: 6, cutShare: 0.05, leases: LEASES, waits, apiUrls: await startNodes() }
      const { entries, verdict, counts } = await runClients('lanes on three nodes, with waits', plan)
      expect(verdict).toEqual({ kind: 'ok', settled: expect.any(Number) })
      expect(findInventedQueues(entries)).toEqual([])
      expect(findShortWaits(entries)).toEqual([])
      for (const outcome of ['claim with wait', 'steal with wait', 'lane_queued', 'unknown with wait']) {
        expect(counts.get(outcome), outcome).toBeGreaterThan(0)
      }
    },
  )
})
