import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createBusClient } from '../../src/client/index.ts'
import { startTestBus } from '../support/bus.ts'
import { createFakeStopwatch } from '../support/stopwatch.ts'
import { findIllegal, readLaneHistory } from './clock-history.ts'
import { startOwnBus } from './own-bus.ts'

/** How long a bus may show no sign of life until it is an outage. */
const OUTAGE_MS = 1_500
const LANE = 'the-lane'
const HOUR = 3_600_000

const isWindows = process.platform === 'win32'
const whyNot = isWindows ? ' (skipped: Windows cannot freeze a process)' : ''

describe('a bus that is frozen for so long that it is an outage', () => {
  it.skipIf(isWindows)(
    `keeps the lane for its holder, and lets none of those in who asked meanwhile${whyNot}`,
    async () => {
      const { child, apiUrl } = await startOwnBus({ outageMs: OUTAGE_MS })
      const client = createBusClient({ baseUrl: apiUrl })
      const { lane } = await client.lanes.claim({ lane: LANE, owner: 'holder', lease_s: 2 })
      child.kill('SIGSTOP')
      const rivals = Promise.allSettled(['a', 'b', 'c'].map((owner) => client.lanes.claim({ lane: LANE, owner })))
      // The lease must end while nothing can say so, and the silence must be an outage.
      await sleep(3_000)
      child.kill('SIGCONT')
      expect(await rivals).toMatchObject(
        ['a', 'b', 'c'].map(() => ({ status: 'rejected', reason: { body: { code: 'lane_held' } } })),
      )
      await client.lanes.heartbeat({ lane: LANE, owner: 'holder', fence: lane.fence })

      const events = await readLaneHistory(client, LANE)
      expect(events.map(({ event, owner }) => `${event} ${owner}`)).toEqual([
        'claim holder',
        'credit holder',
        'heartbeat holder',
      ])
      expect(findIllegal(events)).toEqual([])
    },
  )
})

describe('a machine that sleeps for longer than a lease', () => {
  it('leaves the lane with its holder for a short time, on a clock that is with the wall again', async () => {
    const stopwatch = createFakeStopwatch()
    const { client } = await startTestBus({ stopwatch })
    const before = await client.lanes.claim({ lane: LANE, owner: 'holder', lease_s: 200 })
    stopwatch.sleep(HOUR)
    await expect(client.lanes.claim({ lane: LANE, owner: 'other' })).rejects.toMatchObject({
      body: { code: 'lane_held' },
    })
    const { lane } = await client.lanes.get({ lane: LANE })
    expect(Date.parse(lane.expires_at ?? '') - Date.parse(before.lane.claimed_at ?? '')).toBe(HOUR + 150_000)
    stopwatch.freeze(149_999)
    await client.lanes.heartbeat({ lane: LANE, owner: 'holder', fence: before.lane.fence })
    expect(findIllegal(await readLaneHistory(client, LANE))).toEqual([])
  })
})
