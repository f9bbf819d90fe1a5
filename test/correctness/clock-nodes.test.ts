import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { BusClient } from '../../src/client/index.ts'
import { startThreeNodes } from '../support/nodes.ts'
import { startTestPostgres } from '../support/postgres-database.ts'
import { findObstacle } from '../support/preload.ts'
import { refusalOf } from '../support/refusal.ts'
import { limitMs, listRounds, scale } from '../support/scale.ts'
import { createSettableClock, type SettableClock } from '../support/set-clock.ts'
import { findIllegal, readLaneHistory } from './clock-history.ts'
import { runClients } from './lane-clients.ts'
import { createRandom, takeSeed } from './random.ts'

const LANE = 'the-lane'
const HOUR = 3_600_000
const DAY = 24 * HOUR
const LEASE_MS = 1_500
/** How much later a lease may be found over on a busy machine; without a clock that goes on it takes many times as long. */
const LATE_MS = 4_000

const obstacle = findObstacle()
const whyNot = obstacle === undefined ? '' : ` (skipped: ${obstacle})`

/** From one step of the clock to the next. */
const STEP_EVERY_MS = 250

let clock: SettableClock | undefined
const postgres = startTestPostgres([], (folder) => {
  if (obstacle !== undefined) return {}
  clock = createSettableClock(folder)
  return clock.env
})

function setServerClock(offsetMs: number): void {
  if (!clock) throw new Error('the server has no clock of its own')
  clock.set(offsetMs)
}

/** A database whose first moment is that of the machine's clock. */
async function startNodes(options: { readonly outageMs?: number } = {}) {
  setServerClock(0)
  return startThreeNodes(await postgres().createDatabase(), { minLeaseMs: 1, ...options })
}

async function claimWhenFree({ lanes }: BusClient, owner: string) {
  for (let tries = 0; tries < 500; tries += 1) {
    const claimed = await lanes.claim({ lane: LANE, owner, lease_s: 60 }).catch(() => undefined)
    if (claimed) return claimed
    await sleep(20)
  }
  throw new Error('the lane was not free after 10 s')
}

describe('the clock of the PostgreSQL server of three nodes', () => {
  it.skipIf(obstacle !== undefined).each([
    ['forward an hour', HOUR],
    ['back an hour', -HOUR],
    ['forward a day', DAY],
    ['back a day', -DAY],
  ])(`neither ends a lease early nor leaves it standing when it is set %s${whyNot}`, async (_, step) => {
    const [one, two, three] = await startNodes()
    // Each has had its turn, and knows how late it was then.
    for (const { client } of [one, two, three]) await client.messages.post({ topic: 'a', sender: 'b', body: 'c' })
    const claimedAt = performance.now()
    const { lane } = await one.client.lanes.claim({ lane: LANE, owner: 'holder', lease_s: LEASE_MS / 1_000 })
    setServerClock(step)
    expect((await refusalOf(two.client.lanes.claim({ lane: LANE, owner: 'other' }))).code).toBe('lane_held')
    const taken = await claimWhenFree(three.client, 'other')
    const lastedMs = performance.now() - claimedAt
    setServerClock(0)
    const late = await refusalOf(one.client.lanes.heartbeat({ lane: LANE, owner: 'holder', fence: lane.fence }))
    const events = await readLaneHistory(two.client, LANE)
    console.log(
      `server's clock set by ${step / HOUR} h: a lease of ${LEASE_MS} ms was taken over after ${Math.round(lastedMs)} ms`,
    )
    expect(lastedMs).toBeGreaterThanOrEqual(LEASE_MS - 1)
    expect(lastedMs).toBeLessThan(LEASE_MS + LATE_MS)
    expect(taken).toMatchObject({ decision: 'steal', lane: { fence: 2 } })
    expect(late.code).toBe('lease_lost')
    expect(events.map(({ event }) => event)).toEqual(step > 0 ? ['claim', 'credit', 'steal'] : ['claim', 'steal'])
    expect(findIllegal(events)).toEqual([])
  })

  it.skipIf(obstacle !== undefined).each(listRounds({ short: 1, long: 20 }))(
    `may be set to and fro by hours and days under load, and one order explains every answer${whyNot}: round %i`,
    { timeout: limitMs(100_000) },
    async () => {
      // So that no step is an outage, after which the holders would be given time: the rule that is checked knows of none.
      const nodes = await startNodes({ outageMs: Number.MAX_SAFE_INTEGER })
      const seed = takeSeed()
      const random = createRandom(seed)
      let steps = 0
      const timer = setInterval(() => {
        steps += 1
        setServerClock(random.pick([-DAY, -HOUR, 0, HOUR, DAY]))
      }, STEP_EVERY_MS)
      const [one, two, three] = nodes
      const plan = { operations: scale({ short: 4_000, long: 30_000 }), lanes: 6, cutShare: 0.02 }
      const leases = { minMs: 40, maxMs: 250 }
      const { verdict } = await runClients("lanes on three nodes, the server's clock set", {
        ...plan,
        leases,
        // A statement that is under way when the clock leaps has taken too long for the server.
        isDisturbed: true,
        apiUrls: [one.apiUrl, two.apiUrl, three.apiUrl],
      }).finally(() => clearInterval(timer))
      console.log(`the server's clock was set ${steps} times, seed ${seed}`)
      expect(verdict).toEqual({ kind: 'ok', settled: expect.any(Number) })
      expect(steps).toBeGreaterThan(5)
    },
  )
})
