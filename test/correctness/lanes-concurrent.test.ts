import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { limitMs, listRounds } from '../support/scale.ts'
import type { Entry, Outcome } from './history.ts'
import { listTwins, type Waits } from './history-commands.ts'
import { recordClient } from './history-over-http.ts'
import { checkHistory } from './linearizability.ts'
import { createRandom, takeSeed } from './random.ts'
import { findInventedQueues, findShortWaits } from './waits.ts'

const HOLDERS = listTwins(['ann', 'bob', 'cid', 'dan', 'eve', 'fay'])

const OUTCOMES: readonly Outcome[] = [
  'claim',
  'steal',
  'renew',
  'lapsed',
  'heartbeat',
  'released',
  'already',
  'lane_held',
  'lane_not_held',
  'lease_lost',
]

interface Plan {
  readonly operations: number
  readonly lanes: number
  /** The share of the connections that are cut. */
  readonly cutShare: number
  readonly waits?: Waits
}

/** Lets the twelve have a bus of their own, checks all that they saw, and prints the figures. */
async function runClients(name: string, { operations, lanes, cutShare, waits }: Plan) {
  const seed = takeSeed()
  const { apiUrl } = await startTestBus({ minLeaseMs: 1, databasePlace: join(createTempFolder(), 'bus.db') })
  const startedAt = performance.now()
  const recordings = await Promise.all(
    HOLDERS.map((holder, index) =>
      recordClient({
        apiUrl,
        holder,
        lanes: Array.from({ length: lanes }, (_, lane) => `lane-${lane}`),
        waits,
        operations: Math.ceil(operations / HOLDERS.length),
        cutShare,
        random: createRandom(seed + index),
      }),
    ),
  )
  const entries = recordings.flatMap((recording) => recording.entries)
  const deadlocks = recordings.reduce((sum, recording) => sum + recording.deadlocks, 0)
  const checkedAt = performance.now()
  const verdict = checkHistory(entries)
  const endedAt = performance.now()

  const counts = countOutcomes(entries)
  const seconds = (from: number, to: number) => ((to - from) / 1000).toFixed(1)
  const settled = verdict.kind === 'ok' ? verdict.settled : null
  console.log(
    `${name}: ${entries.length} operations in ${seconds(startedAt, checkedAt)} s, ${verdict.kind} in ` +
      `${seconds(checkedAt, endedAt)} s, seed ${seed}, ${JSON.stringify({ ...Object.fromEntries(counts), settled, deadlocks })}`,
  )
  return { entries, verdict, counts }
}

/** By outcome; that of a claim that was willing to wait by its name as well. */
function countOutcomes(entries: readonly Entry[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { answer, waitMs } of entries) {
    const outcome = answer?.outcome ?? 'unknown'
    for (const name of waitMs ? [outcome, `${outcome} with wait`] : [outcome]) {
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  }
  return counts
}

describe('a lane under twelve clients at once', () => {
  it.each(listRounds({ short: 1, long: 67 }))(
    'answers in one order that explains everything, over HTTP, with connections cut: round %i',
    {
      timeout: limitMs(110_000),
    },
    async () => {
      const { verdict, counts } = await runClients('lanes', { operations: 30_000, lanes: 32, cutShare: 0.01 })
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
      const plan = { operations: 6_000, lanes: 6, cutShare: 0.02, waits }
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
