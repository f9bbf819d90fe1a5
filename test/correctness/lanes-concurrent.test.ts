import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import type { Outcome } from './history.ts'
import { listTwins } from './history-commands.ts'
import { recordClient } from './history-over-http.ts'
import { checkHistory } from './linearizability.ts'
import { createRandom, takeSeed } from './random.ts'

const OPERATIONS = 30_000
const CUT_SHARE = 0.01
const HOLDERS = listTwins(['ann', 'bob', 'cid', 'dan', 'eve', 'fay'])
const LANES: readonly [string, ...string[]] = [
  'lane-0',
  ...Array.from({ length: 31 }, (_, index) => `lane-${index + 1}`),
]

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

describe('a lane under twelve clients at once', () => {
  it('answers in one order that explains everything, over HTTP, with connections cut', {
    timeout: 110_000,
  }, async () => {
    const seed = takeSeed()
    const { apiUrl } = await startTestBus({ minLeaseMs: 1, databasePath: join(createTempFolder(), 'bus.db') })
    const startedAt = performance.now()
    const recordings = HOLDERS.map((holder, index) =>
      recordClient({
        apiUrl,
        holder,
        lanes: LANES,
        operations: OPERATIONS / HOLDERS.length,
        cutShare: CUT_SHARE,
        random: createRandom(seed + index),
      }),
    )
    const entries = (await Promise.all(recordings)).flat()
    const checkedAt = performance.now()
    const verdict = checkHistory(entries)
    const endedAt = performance.now()

    const counts = new Map<Outcome | 'unknown', number>()
    for (const { answer } of entries) {
      const outcome = answer?.outcome ?? 'unknown'
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
    }
    const seconds = (from: number, to: number) => ((to - from) / 1000).toFixed(1)
    console.log(
      `lanes: ${entries.length} operations in ${seconds(startedAt, checkedAt)} s, ` +
        `${verdict.kind} in ${seconds(checkedAt, endedAt)} s, seed ${seed}, ` +
        `${JSON.stringify({ ...Object.fromEntries(counts), settled: verdict.kind === 'ok' ? verdict.settled : null })}`,
    )
    expect(verdict).toEqual({ kind: 'ok', settled: expect.any(Number) })
    for (const outcome of [...OUTCOMES, 'unknown' as const]) expect(counts.get(outcome), outcome).toBeGreaterThan(0)
  })
})
