import { sweep } from '../../src/capabilities/events/sweep.ts'
import { flushRefusals } from '../../src/capabilities/lanes/keep-refusals.ts'
import { upsertWaiter } from '../../src/capabilities/lanes/queue-store.ts'
import { indexWords } from '../../src/capabilities/log/index.ts'
import type { FakeClock } from '../support/bus.ts'
import { type DirectBus, openDirectBus } from './direct-bus.ts'

const HOUR_MS = 3_600_000

/** Opens a bus that has done everything that leaves a row behind: every decision, retention, an outage, a queue, keys. */
export async function openFilled(path: string, clock: FakeClock): Promise<DirectBus> {
  const options = { path, createClock: () => clock.now, minLeaseMs: 10, maxLeaseMs: HOUR_MS, outageMs: 60_000 }
  const first = await openDirectBus(options)
  await post(first, 0, 40)
  await useLanes(first, clock, 'old')
  clock.advance(2 * HOUR_MS)
  await post(first, 40, 60)
  const { context } = first
  await indexWords(context.database)
  await sweep({ ...context, settings: { ...context.settings, retainMs: HOUR_MS } })
  await first.call('messages.ack', { id: 5, sender: 'bob' })
  await useLanes(first, clock, 'new')
  await flushRefusals(context)
  await first.close()

  clock.advance(120_000)
  const bus = await openDirectBus(options)
  await bus.call('lanes.heartbeat', { lane: 'new-held', owner: 'ann', lease_s: 600 })
  await post(bus, 60, 70)
  await bus.context.database.write(async (transaction) => {
    for (const owner of ['bob', 'cid']) {
      await upsertWaiter(transaction, 'new-held', { owner, session: undefined }, clock.now(), clock.now() + 60_000)
    }
  })
  return bus
}

async function post({ call }: DirectBus, from: number, to: number): Promise<void> {
  for (let index = from; index < to; index += 1) {
    const input = { topic: `topic-${index % 7}`, sender: 'ann', body: `step ${index}`, action_flag: index % 5 === 4 }
    await call('messages.post', input, `key-${index}`)
    if (index % 3 === 0) await call('messages.ack', { id: index + 1, sender: 'bob' })
  }
}

async function useLanes({ call }: DirectBus, clock: FakeClock, prefix: string): Promise<void> {
  const claim = (lane: string, owner: string, lease_s = 600) =>
    call('lanes.claim', { lane: `${prefix}-${lane}`, owner, lease_s, note: 'at work' })
  for (const lane of ['held', 'released', 'fenced']) await claim(lane, 'ann')
  for (const lane of ['stolen', 'lapsed', 'cleared', 'orphaned']) await claim(lane, 'ann', 1)
  await call('messages.post', { topic: 't', sender: 'ann', body: 'under it', lane: `${prefix}-fenced`, fence: 1 })
  await claim('held', 'bob')
  await claim('held', 'ann')
  clock.advance(2_000)
  await claim('stolen', 'bob')
  await claim('lapsed', 'ann')
  await call('lanes.release', { lane: `${prefix}-cleared`, owner: 'bob' })
  await call('lanes.release', { lane: `${prefix}-released`, owner: 'ann' })
  await call('lanes.heartbeat', { lane: `${prefix}-held`, owner: 'ann' })
  await call('lanes.heartbeat', { lane: `${prefix}-orphaned`, owner: 'ann' })
}
