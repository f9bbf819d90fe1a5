import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { busyTopic, filledLane, fillFile, quietTopic } from '../../bench/support/fill.ts'
import { openDirectBus } from '../correctness/direct-bus.ts'
import { createTempFolder } from '../support/bus.ts'

const leases = { minLeaseMs: 1_000, maxLeaseMs: 86_400_000 }

/** A bus that finds a past in its file that no bus has written. */
async function openFilledBus(past: { messages: number; lanes: number }) {
  const path = join(createTempFolder(), 'bus.db')
  await (await openDirectBus({ path, ...leases })).close()
  await fillFile(path, past)
  const bus = await openDirectBus({ path, ...leases })
  onTestFinished(bus.close)
  return bus
}

describe('a file that was filled in SQL', () => {
  it('is to the bus as if it had written it itself', async () => {
    const { call } = await openFilledBus({ messages: 4_000, lanes: 10 })
    const newest = (await call('messages.read', { topic: busyTopic(0), limit: 2 })).body
    expect(newest).toMatchObject({ head_id: 4_000, more: true, messages: [{ id: 4_000 }, { id: 3_984 }] })
    expect((await call('messages.read', { topic: quietTopic(4) })).body).toMatchObject({
      messages: [{ id: 2_995 }, { id: 1_998 }, { id: 1_001 }],
    })
    const status = (await call('status.get', {})).body
    expect(status).toMatchObject({ _meta: { message_count: 4_000, active_lane_count: 10, orphaned_claim_count: 0 } })
  })

  it('goes on where it ends', async () => {
    const { call } = await openFilledBus({ messages: 100, lanes: 3 })
    expect((await call('messages.post', { topic: 'new', sender: 'ann', body: 'hi' })).body).toMatchObject({ id: 101 })
    const claim = { lane: filledLane(2), owner: 'owner-2' }
    expect((await call('lanes.claim', claim)).body).toMatchObject({ decision: 'renew', lane: { fence: 1, rev: 2 } })
    expect((await call('lanes.claim', { ...claim, owner: 'ann' })).status).toBe(409)
    const events = (await call('events.read', { since_id: 99 })).body
    expect(events).toMatchObject({
      head_id: 105,
      events: [
        { id: 100, kind: 'message', message: { id: 100 } },
        { id: 101, kind: 'lane', lane: 'lane-0', change: { rev: 1 } },
        { id: 102 },
        { id: 103, lane: 'lane-2' },
        { id: 104, kind: 'message', message: { id: 101 } },
        { id: 105, kind: 'lane', change: { event: 'renew', rev: 2 } },
      ],
    })
  })
})
