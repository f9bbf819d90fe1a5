import { describe, expect, it } from 'vitest'
import { startWaiting, untilWaiting } from '../../../test/support/nodes.ts'
import { afterNoon, NOON, startStillBus } from '../../../test/support/still-bus.ts'

const MINUTE = 60_000

type Kind = 'flag' | 'orphaned' | 'contended' | 'silent'

/** A bus, and what of it waits for a person. */
async function startWatched() {
  const bus = await startStillBus()
  const items = async (kind?: Kind) =>
    (await bus.status.attention({})).items.filter((item) => kind === undefined || item.kind === kind)
  return { ...bus, items }
}

describe('status.attention', () => {
  it('is empty while all goes well, and counts what the status counts', async () => {
    const { status, lanes, messages } = await startWatched()
    await lanes.claim({ lane: 'feeds', owner: 'ann' })
    await messages.post({ topic: 't', sender: 'ann', body: 'on it' })
    const { _meta } = await status.get({})
    expect(await status.attention({})).toEqual({ items: [], _meta })
    expect(_meta).toMatchObject({ active_lane_count: 1, message_count: 1, needs_you_count: 0 })
  })

  it('shows flags, orphaned claims, contended and silent lanes, in this order, each since its moment', async () => {
    const bus = await startWatched()
    const { status, lanes, messages, clock } = bus
    await lanes.claim({ lane: 'silent', owner: 'ann', lease_s: 3_600, note: 'thinking' })
    await lanes.claim({ lane: 'orphaned', owner: 'bob', lease_s: 600 })
    clock.advance(10 * MINUTE)
    await lanes.claim({ lane: 'contended', owner: 'cid' })
    await startWaiting(bus, 'contended', 'dan', 1)
    const message = await messages.post({ topic: 't', sender: 'bob', body: 'help', action_flag: true })

    const laneOf = async (lane: string) => (await lanes.get({ lane })).lane
    const since = afterNoon(600)
    const { items, _meta } = await status.attention({})
    expect(items).toEqual([
      { kind: 'flag', since, message },
      { kind: 'orphaned', since, lane: await laneOf('orphaned') },
      { kind: 'contended', since, lane: await laneOf('contended') },
      { kind: 'silent', since: NOON, lane: await laneOf('silent'), last_message_at: null },
    ])
    expect(_meta).toEqual((await status.get({}))._meta)
    expect(_meta.needs_you_count).toBe(4)
  })

  it('shows flags, the oldest first, until they are acknowledged', async () => {
    const { items, messages, clock } = await startWatched()
    for (const body of ['one', 'two', 'three']) {
      await messages.post({ topic: 't', sender: 'ann', body, action_flag: true })
      clock.advance(1_000)
    }
    await messages.ack({ id: 2, sender: 'op' })
    expect(await items()).toMatchObject([
      { kind: 'flag', since: NOON, message: { id: 1, body: 'one' } },
      { kind: 'flag', since: afterNoon(2), message: { id: 3, body: 'three' } },
    ])
  })

  it('shows orphaned claims since the end of their lease, the oldest first', async () => {
    const { items, lanes, clock } = await startWatched()
    for (const [lane, lease_s] of Object.entries({ late: 50, early: 40, live: 61, even: 50 })) {
      await lanes.claim({ lane, owner: 'ann', lease_s })
    }
    clock.advance(MINUTE)
    expect(await items()).toMatchObject([
      { kind: 'orphaned', since: afterNoon(40), lane: { name: 'early', owner: 'ann', state: 'orphaned' } },
      { kind: 'orphaned', since: afterNoon(50), lane: { name: 'even' } },
      { kind: 'orphaned', since: afterNoon(50), lane: { name: 'late' } },
    ])
  })

  it('shows contended lanes since the first of those who wait arrived, the longest queue first', async () => {
    const bus = await startWatched()
    const { lanes, items, clock } = bus
    for (const lane of ['a', 'b', 'c', 'd']) await lanes.claim({ lane, owner: 'ann' })
    const first = await startWaiting(bus, 'c', 'bob', 1)
    await startWaiting(bus, 'b', 'bob', 1)
    clock.advance(1_000)
    await startWaiting(bus, 'c', 'cid', 2)
    await startWaiting(bus, 'a', 'dan', 1)
    clock.advance(1_000)
    await startWaiting(bus, 'a', 'eve', 2)
    expect(await items()).toMatchObject([
      { kind: 'contended', since: NOON, lane: { name: 'c', waiters: 2, owner: 'ann' } },
      { kind: 'contended', since: afterNoon(1), lane: { name: 'a', waiters: 2 } },
      { kind: 'contended', since: NOON, lane: { name: 'b', waiters: 1 } },
    ])
    first.abort()
    await untilWaiting(bus, 'c', 1)
    expect(await items()).toMatchObject([
      { since: afterNoon(1), lane: { name: 'a', waiters: 2 } },
      { since: NOON, lane: { name: 'b', waiters: 1 } },
      { since: afterNoon(1), lane: { name: 'c', waiters: 1 } },
    ])
  })

  it('shows silent lanes since the claim or the owner’s last message after it, the longest silence first', async () => {
    const { items, lanes, messages, clock } = await startWatched()
    await messages.post({ topic: 't', sender: 'cid', body: 'about to begin' })
    for (const [lane, owner] of Object.entries({ talked: 'bob', never: 'ann', before: 'cid' })) {
      clock.advance(MINUTE)
      await lanes.claim({ lane, owner, lease_s: 3_600 })
    }
    await messages.post({ topic: 't', sender: 'bob', body: 'half way' })
    clock.advance(10 * MINUTE)
    expect(await items('silent')).toMatchObject([
      { since: afterNoon(120), lane: { name: 'never', state: 'held' }, last_message_at: null },
      { since: afterNoon(180), lane: { name: 'before' }, last_message_at: NOON },
      { since: afterNoon(180), lane: { name: 'talked' }, last_message_at: afterNoon(180) },
    ])
  })

  it('shows at most 100 of each kind, those of the longest standing, and counts the others, too', async () => {
    const { status, lanes, messages, clock } = await startWatched()
    const numbers = Array.from({ length: 101 }, (_, index) => index)
    for (const n of numbers) {
      clock.advance(1)
      await lanes.claim({ lane: `silent-${n}`, owner: 'ann', lease_s: 36_000 })
    }
    await Promise.all(numbers.map((n) => lanes.claim({ lane: `dead-${n}`, owner: 'bob', lease_s: 101 - n })))
    const flags = numbers.map((n) => messages.post({ topic: 't', sender: 'bob', body: `${n}`, action_flag: true }))
    await Promise.all(flags)
    clock.advance(10 * MINUTE)
    const { items, _meta } = await status.attention({})
    const first = numbers.slice(0, 100)
    expect(items.map(({ lane, message }) => lane?.name ?? message?.id)).toEqual([
      ...first.map((n) => n + 1),
      ...first.map((n) => `dead-${100 - n}`),
      ...first.map((n) => `silent-${n}`),
    ])
    expect(_meta).toMatchObject({ orphaned_claim_count: 101, silent_lane_count: 101, needs_you_count: 303 })
  })
})
