import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { startTestPostgres } from '../support/postgres-database.ts'
import { limitMs, listRounds, scale } from '../support/scale.ts'
import { OUTCOMES, runClients } from './lane-clients.ts'
import { type OwnBus, startOwnBus } from './own-bus.ts'

const LEASES = { minMs: 40, maxMs: 250 }
/** Longer than any lease. */
const FREEZE_MS = 400
/** Longer than a turn may be idle, and than a bus waits for an answer by its clock. */
const LONG_FREEZE_MS = 6_500
/** One of so many freezes is a long one, and the second is the first of them. */
const LONG_EVERY = 8
const THAW_MS = 400

const isWindows = process.platform === 'win32'
const whyNot = isWindows ? ' (skipped: Windows cannot freeze a process)' : ''

const postgres = startTestPostgres()

/** Freezes one after another until the signal. Returns how often, and how often for long. */
async function freezeOneByOne(nodes: readonly OwnBus[], signal: AbortSignal) {
  let [freezes, long] = [0, 0]
  while (!signal.aborted) {
    await sleep(THAW_MS)
    const child = nodes[freezes % nodes.length]?.child
    child?.kill('SIGSTOP')
    const isLong = freezes % LONG_EVERY === 1
    await sleep(isLong ? LONG_FREEZE_MS : FREEZE_MS)
    child?.kill('SIGCONT')
    freezes += 1
    if (isLong) long += 1
  }
  return { freezes, long }
}

describe('a lane under twelve clients on three nodes, of which one at a time is frozen for longer than the leases', () => {
  it.skipIf(isWindows).each(listRounds({ short: 1, long: 10 }))(
    `answers in one order that explains everything${whyNot}: round %i`,
    { timeout: limitMs(110_000) },
    async () => {
      const databasePlace = await postgres().createDatabase()
      const start = () => startOwnBus({ databasePlace, minLeaseMs: 1 })
      const nodes = await Promise.all([start(), start(), start()])
      const over = new AbortController()
      const freezing = freezeOneByOne(nodes, over.signal)
      const { verdict, counts } = await runClients('lanes on three nodes, one of them frozen', {
        operations: scale({ short: 500, long: 6_000 }),
        lanes: 10,
        cutShare: 0.02,
        leases: LEASES,
        apiUrls: [nodes[0].apiUrl, nodes[1].apiUrl, nodes[2].apiUrl],
        isDisturbed: true,
      }).finally(() => over.abort())
      const { freezes, long } = await freezing
      console.log(`frozen ${freezes - long} times for ${FREEZE_MS} ms and ${long} for ${LONG_FREEZE_MS} ms`)
      expect(verdict).toEqual({ kind: 'ok', settled: expect.any(Number) })
      expect(Math.min(long, freezes - long)).toBeGreaterThan(0)
      for (const outcome of [...OUTCOMES, 'unknown']) expect(counts.get(outcome), outcome).toBeGreaterThan(0)
    },
  )
})
