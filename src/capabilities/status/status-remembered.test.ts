import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openDirectBus } from '../../../test/correctness/direct-bus.ts'
import { createFakeClock, createTempFolder } from '../../../test/support/bus.ts'
import { invokeForText } from '../../core/capability.ts'
import { boundOperations } from '../../product.ts'

const MINUTE = 60_000

async function openBus(path: string) {
  const clock = createFakeClock()
  const bus = await openDirectBus({ path, createClock: () => clock.now, minLeaseMs: 1, maxLeaseMs: 1e9 })
  onTestFinished(bus.close)
  const request = { requestId: 'request-1', signal: new AbortController().signal }
  const status = boundOperations.find(({ operation }) => operation.id === 'status.get')
  return {
    clock,
    call: async (id: string, input: object) => (await bus.call(id, input)).body,
    /** The status as JSON text, as it goes over HTTP. */
    readText: async () => (status ? invokeForText(status, {}, bus.context, request) : ''),
  }
}

describe.each([
  ['in memory', () => ':memory:'],
  ['in a file', () => `${createTempFolder()}/bus.db`],
])('the status of a store %s', (_, createPath) => {
  it('is the same text and the same answer, however often it is asked for, whatever changes and as time goes on', async () => {
    const { clock, call, readText } = await openBus(createPath())
    const owner = 'ann "the first"'
    const steps = [
      async () => {},
      () => call('lanes.claim', { lane: 'a', owner, lease_s: 60, note: 'step "3" of \\4' }),
      () => call('lanes.claim', { lane: 'b', owner: 'bob', session: 'twin', lease_s: 3_600.5 }),
      () => call('lanes.claim', { lane: 'c', owner: 'bob', lease_s: 2 }),
      () => call('messages.post', { topic: 't', sender: owner, body: '🚌 "now"', action_flag: true }),
      // Time alone: c is orphaned, then a.
      async () => clock.advance(2_000),
      async () => clock.advance(58_000),
      () => call('lanes.claim', { lane: 'c', owner }),
      () => call('lanes.release', { lane: 'c', owner }),
      () => call('messages.ack', { id: 1, sender: 'bob' }),
      // b falls silent.
      async () => clock.advance(10 * MINUTE),
      () => call('messages.post', { topic: 't', sender: 'bob', body: 'still here' }),
      async () => clock.advance(9 * MINUTE),
      async () => clock.advance(1 * MINUTE),
    ]
    const counts: string[] = []
    for (const step of steps) {
      await step()
      const texts = [await readText(), await readText(), JSON.stringify(await call('status.get', {}))]
      expect(texts).toEqual([texts[0], texts[0], texts[0]])
      const { active_lane_count, orphaned_claim_count, pending_action_flag_count, silent_lane_count, message_count } =
        JSON.parse(texts[0] ?? '')._meta
      counts.push(
        [active_lane_count, orphaned_claim_count, pending_action_flag_count, silent_lane_count, message_count].join(
          ' ',
        ),
      )
    }
    // Held, orphaned, pending flags, silent, messages.
    expect(counts).toEqual([
      ...['0 0 0 0 0', '1 0 0 0 0', '2 0 0 0 0', '3 0 0 0 0', '3 0 1 0 1', '2 1 1 0 1', '1 2 1 0 1'],
      ...['2 1 1 0 2', '1 1 1 0 2', '1 1 0 0 2', '1 1 0 1 2', '1 1 0 0 3', '1 1 0 0 3', '1 1 0 1 3'],
    ])
  })

  it('counts those who wait until they are taken for gone, although nothing changes', async () => {
    const { clock, call, readText } = await openBus(createPath())
    await call('lanes.claim', { lane: 'a', owner: 'ann', lease_s: 3_600 })
    const waiting = call('lanes.claim', { lane: 'a', owner: 'bob', wait_s: 5 })
    const look = async () => JSON.parse(await readText())
    const lookForOne = async () => {
      const status = await look()
      expect(status).toMatchObject({ active_lanes: [{ waiters: 1 }], _meta: { waiting_count: 1 } })
      expect(JSON.stringify(await call('status.get', {}))).toBe(JSON.stringify(status))
    }
    await vi.waitFor(lookForOne)
    clock.advance(5_000)
    expect(await look()).toMatchObject({ active_lanes: [{ waiters: 0 }], _meta: { waiting_count: 0 } })
    expect(await waiting).toMatchObject({ code: 'lane_held' })
  })

  it('counts down what is left of a lease, although nothing changes', async () => {
    const { clock, call, readText } = await openBus(createPath())
    await call('lanes.claim', { lane: 'a', owner: 'ann', lease_s: 60 })
    for (const left of [60_000, 59_999, 1]) {
      clock.advance(left === 60_000 ? 0 : left === 59_999 ? 1 : 59_998)
      expect(JSON.parse(await readText()).active_lanes).toMatchObject([{ state: 'held', expires_in_ms: left }])
    }
    clock.advance(1)
    expect(JSON.parse(await readText())).toMatchObject({
      active_lanes: [],
      orphaned_claims: [{ name: 'a', state: 'orphaned', expires_in_ms: 0 }],
    })
  })
})
