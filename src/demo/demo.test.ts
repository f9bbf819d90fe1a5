import { describe, expect, it, onTestFinished } from 'vitest'
import { openDirectBus } from '../../test/correctness/direct-bus.ts'
import { createBusClient } from '../client/index.ts'
import { createLocalTransport } from '../local-transport.ts'
import { boundOperations } from '../product.ts'
import { createDemo } from './index.ts'

const HOUR = 3_600_000

/** A demo with one hour behind it, on a clock that can leap as over a sleep of the machine. */
async function openDemo() {
  const startedAt = 1_900_000_000_000
  let leapMs = 0
  const faults: unknown[] = []
  const demo = createDemo({ pastMs: HOUR, onFault: (error) => faults.push(error) })
  const bus = await openDirectBus({
    path: ':memory:',
    createClock: () => demo.createClock(() => Math.floor(startedAt + performance.now() + leapMs)),
    minLeaseMs: 1000,
    maxLeaseMs: HOUR,
  })
  onTestFinished(async () => {
    await demo.leave()
    await bus.close()
  })
  const client = createBusClient({ transport: createLocalTransport(boundOperations, bus.context) })
  const countEvents = async () => (await client.events.read({ limit: 1 })).head_id
  const sleep = (ms: number) => {
    leapMs += ms
  }
  return { demo, client, faults, countEvents, sleep }
}

const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('a demo', () => {
  it('does nothing more once it has left', async () => {
    const { demo, client, countEvents, faults } = await openDemo()
    await demo.settle(client, async () => {})
    demo.live()
    await demo.leave()
    const left = await countEvents()
    await pass(3000)
    expect(await countEvents()).toBe(left)
    expect(faults).toEqual([])
  })

  it('makes nothing up for the time that the machine slept', async () => {
    const { demo, client, countEvents, sleep, faults } = await openDemo()
    await demo.settle(client, async () => {})
    demo.live()
    const before = await countEvents()
    sleep(HOUR)
    await pass(4000)
    const made = (await countEvents()) - before
    // An hour has about a thousand.
    expect(made).toBeLessThan(60)
    expect(faults).toEqual([])
  })
})
