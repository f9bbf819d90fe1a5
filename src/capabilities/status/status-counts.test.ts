import { describe, expect, it } from 'vitest'
import { startWaiting, untilWaiting } from '../../../test/support/nodes.ts'
import { startStillBus } from '../../../test/support/still-bus.ts'

const MINUTE = 60_000

/** A bus, what its status counts, and a claim that waits. */
async function startCounting() {
  const bus = await startStillBus()
  return {
    ...bus,
    count: async () => (await bus.status.get({}))._meta,
    wait: (lane: string, owner: string, waiters: number, session?: string) =>
      startWaiting(bus, lane, owner, waiters, session),
  }
}

describe('status.get', () => {
  it('counts holders that wait, each once, and the lanes that they wait for', async () => {
    const { lanes, count, wait } = await startCounting()
    for (const lane of ['a', 'b', 'c']) await lanes.claim({ lane, owner: 'ann' })
    await wait('a', 'bob', 1)
    await wait('a', 'cid', 2)
    await wait('b', 'bob', 1)
    await wait('b', 'bob', 2, 'twin')
    expect(await count()).toMatchObject({ waiting_count: 3, contended_lane_count: 2, needs_you_count: 2 })
  })

  it('counts nobody who went away, although the place is kept', async () => {
    const { lanes, count, wait } = await startCounting()
    await lanes.claim({ lane: 'a', owner: 'ann' })
    const waiter = await wait('a', 'bob', 1)
    waiter.abort()
    await untilWaiting({ lanes }, 'a', 0)
    expect(await count()).toMatchObject({ waiting_count: 0, contended_lane_count: 0, needs_you_count: 0 })
  })

  it('counts a lane as silent from 10 minutes after its claim, when its owner has posted nothing', async () => {
    const { lanes, messages, count, clock } = await startCounting()
    await lanes.claim({ lane: 'a', owner: 'ann', lease_s: 3_600 })
    clock.advance(5 * MINUTE)
    await lanes.claim({ lane: 'b', owner: 'ann', lease_s: 3_600 })
    await lanes.heartbeat({ lane: 'a', owner: 'ann', lease_s: 3_600 })
    await messages.post({ topic: 'a', sender: 'bob', body: 'ann?', recipient: 'ann' })
    clock.advance(5 * MINUTE - 1)
    expect(await count()).toMatchObject({ silent_lane_count: 0, needs_you_count: 0 })
    clock.advance(1)
    expect(await count()).toMatchObject({ silent_lane_count: 1, needs_you_count: 1 })
    clock.advance(5 * MINUTE)
    expect(await count()).toMatchObject({ silent_lane_count: 2, needs_you_count: 2 })
  })

  it('counts no lane as silent for 10 minutes after a message of its owner, whatever it is about', async () => {
    const { lanes, messages, count, clock } = await startCounting()
    for (const lane of ['a', 'b']) await lanes.claim({ lane, owner: 'ann', lease_s: 3_600 })
    await messages.post({ topic: 'a', sender: 'ann', body: 'on it' })
    clock.advance(20 * MINUTE)
    expect(await count()).toMatchObject({ silent_lane_count: 2 })
    await messages.post({ topic: 'lunch', sender: 'ann', body: 'still here' })
    await messages.post({ topic: 'a', sender: 'bob', body: 'good' })
    clock.advance(10 * MINUTE - 1)
    expect(await count()).toMatchObject({ silent_lane_count: 0 })
    clock.advance(1)
    expect(await count()).toMatchObject({ silent_lane_count: 2 })
  })

  it('takes what the bus says under a name for no word of the owner of that name', async () => {
    const { lanes, count, clock } = await startCounting()
    await lanes.claim({ lane: 'a', owner: 'bus', lease_s: 3_600 })
    await lanes.claim({ lane: 'b', owner: 'ann', lease_s: 600 })
    clock.advance(10 * MINUTE)
    await lanes.claim({ lane: 'b', owner: 'bob', lease_s: 600 })
    expect(await count()).toMatchObject({ message_count: 1, silent_lane_count: 1 })
  })

  it('counts as silent what is held live, and neither orphaned nor released lanes', async () => {
    const { lanes, count, clock } = await startCounting()
    for (const [lane, lease_s] of Object.entries({ orphaned: 600, held: 601, free: 601 })) {
      await lanes.claim({ lane, owner: 'ann', lease_s })
    }
    await lanes.release({ lane: 'free', owner: 'ann' })
    clock.advance(10 * MINUTE)
    expect(await count()).toMatchObject({ silent_lane_count: 1, orphaned_claim_count: 1, needs_you_count: 2 })
  })

  it('looks for silence at the 1,000 held lanes that expire first', async () => {
    const { lanes, messages, count, clock } = await startCounting()
    const names = Array.from({ length: 1_001 }, (_, index) => `lane-${index}`)
    for (let from = 0; from < names.length; from += 32) {
      await lanes.claimAll({ lanes: names.slice(from, from + 32), owner: 'ann', lease_s: 3_600 })
    }
    await lanes.claim({ lane: 'first', owner: 'bob', lease_s: 700 })
    clock.advance(10 * MINUTE)
    expect(await count()).toMatchObject({ active_lane_count: 1_002, silent_lane_count: 1_000 })
    await messages.post({ topic: 't', sender: 'bob', body: 'here' })
    expect(await count()).toMatchObject({ silent_lane_count: 999 })
  })

  it('counts as waiting for a person what is flagged, orphaned, contended or silent, and each of them', async () => {
    const { lanes, messages, count, wait, clock } = await startCounting()
    await lanes.claim({ lane: 'silent', owner: 'ann', lease_s: 3_600 })
    await lanes.claim({ lane: 'orphaned', owner: 'bob', lease_s: 600 })
    for (const body of ['one', 'two']) await messages.post({ topic: 't', sender: 'bob', body, action_flag: true })
    clock.advance(10 * MINUTE)
    await messages.ack({ id: 1, sender: 'op' })
    await wait('silent', 'cid', 1)
    expect(await count()).toMatchObject({
      pending_action_flag_count: 1,
      orphaned_claim_count: 1,
      contended_lane_count: 1,
      silent_lane_count: 1,
      needs_you_count: 4,
    })
  })
})
