import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openDirectBus } from '../../../test/correctness/direct-bus.ts'
import { countCommits } from '../../../test/store/wal.ts'
import { createFakeClock, createTempFolder, type FakeClock } from '../../../test/support/bus.ts'
import { proveLife } from './credit.ts'

const SECOND = 1_000
const HOUR = 3_600 * SECOND

/** A bus on a file, and what its lanes look like. */
async function openBus(folder: string, clock: FakeClock) {
  const path = join(folder, 'bus.db')
  const bus = await openDirectBus({ path, createClock: () => clock.now, minLeaseMs: 1, maxLeaseMs: HOUR })
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= bus.close()
    return closed
  }
  onTestFinished(close)
  const { call } = bus
  return {
    folder,
    path,
    close,
    proveLife: () => proveLife.run(bus.context),
    claim: (lane: string, owner: string, lease_s = 60) => call('lanes.claim', { lane, owner, lease_s }),
    heartbeat: (lane: string, owner: string, fence: number) =>
      call('lanes.heartbeat', { lane, owner, fence, lease_s: 60 }),
    release: (lane: string, owner: string) => call('lanes.release', { lane, owner }),
    get: async (lane: string) => (await call('lanes.get', { lane })).body,
    listEvents: async (lane: string) => (await call('lanes.history', { lane })).body,
  }
}

type TestBus = Awaited<ReturnType<typeof openBus>>

/** The file as a crash at this moment would leave it. */
function crash({ path }: TestBus): string {
  const folder = createTempFolder()
  for (const suffix of ['', '-wal']) copyFileSync(`${path}${suffix}`, join(folder, `bus.db${suffix}`))
  return folder
}

async function start() {
  const clock = createFakeClock()
  return { clock, bus: await openBus(createTempFolder(), clock) }
}

const refusal = (code: string) => ({ status: 409, body: expect.objectContaining({ code }) })

describe('a lane that was held when the bus crashed', () => {
  it('is still its holder’s after the lease would have lapsed, for a short time, and the history says so', async () => {
    const { clock, bus } = await start()
    await bus.claim('feeds', 'ann', 300)
    clock.advance(HOUR)
    const next = await openBus(crash(bus), clock)

    const expires_at = new Date(clock.now() + 150 * SECOND).toISOString()
    expect(await next.get('feeds')).toMatchObject({
      lane: { state: 'held', owner: 'ann', fence: 1, rev: 2, expires_at },
    })
    expect(await next.claim('feeds', 'bob')).toEqual(refusal('lane_held'))
    expect(await next.listEvents('feeds')).toMatchObject({
      events: [
        { rev: 2, event: 'credit', owner: 'ann', from: null, fence: 1, lease_s: 300, request_id: 'bus' },
        { rev: 1, event: 'claim' },
      ],
    })
    clock.advance(150 * SECOND - 1)
    expect(await next.heartbeat('feeds', 'ann', 1)).toMatchObject({ status: 200 })
  })

  it('may be taken over when its holder is not heard in that time', async () => {
    const { clock, bus } = await start()
    await bus.claim('feeds', 'ann')
    clock.advance(HOUR)
    const next = await openBus(crash(bus), clock)
    clock.advance(150 * SECOND)
    expect(await next.claim('feeds', 'bob')).toMatchObject({ body: { decision: 'steal', lane: { fence: 2 } } })
  })

  it('gets no more time than its lease', async () => {
    const { clock, bus } = await start()
    await bus.claim('feeds', 'ann', 0.2)
    clock.advance(HOUR)
    const next = await openBus(crash(bus), clock)
    expect(await next.get('feeds')).toMatchObject({ lane: { state: 'held', expires_in_ms: 200 } })
  })

  it('is left as it is when its lease runs long enough', async () => {
    const { clock, bus } = await start()
    await bus.claim('feeds', 'ann', 300)
    clock.advance(150 * SECOND)
    const next = await openBus(crash(bus), clock)
    expect(await next.get('feeds')).toMatchObject({ lane: { rev: 1, expires_in_ms: 150 * SECOND } })
  })

  it('gets the same time again after another crash within it, and no more', async () => {
    const { clock, bus } = await start()
    await bus.claim('feeds', 'ann', 300)
    clock.advance(HOUR)
    const second = await openBus(crash(bus), clock)
    clock.advance(20 * SECOND)
    const third = await openBus(crash(second), clock)
    expect(await third.get('feeds')).toMatchObject({ lane: { rev: 3, fence: 1, expires_in_ms: 150 * SECOND } })
  })

  it('is one of as many as there are', async () => {
    const { clock, bus } = await start()
    const names = Array.from({ length: 1_001 }, (_, index) => `lane-${index}`)
    await Promise.all(names.map((name) => bus.claim(name, 'ann')))
    clock.advance(HOUR)
    const next = await openBus(crash(bus), clock)
    const lanes = await Promise.all(names.map((name) => next.get(name)))
    expect(lanes).toEqual(
      names.map((name) => ({
        lane: expect.objectContaining({ name, rev: 2, state: 'held' }),
        server_time: expect.any(String),
      })),
    )
  })
})

describe('a lane that nobody held when the bus crashed', () => {
  it.each([
    ['was released', async ({ bus }) => void (await bus.release('feeds', 'ann'))],
    [
      'had lapsed long before, and others wrote since',
      async ({ clock, bus }) => {
        clock.advance(60 * SECOND)
        await bus.claim('another', 'bob')
      },
    ],
    [
      'had lapsed while the bus was idle',
      async ({ clock, bus }) => {
        clock.advance(62 * SECOND)
        await bus.proveLife()
      },
    ],
  ] satisfies [string, (test: { clock: FakeClock; bus: TestBus }) => Promise<void>][])(
    'gets nothing when it %s',
    async (_, happen) => {
      const { clock, bus } = await start()
      await bus.claim('feeds', 'ann')
      await happen({ clock, bus })
      const before = await bus.listEvents('feeds')
      clock.advance(HOUR)
      const next = await openBus(crash(bus), clock)
      expect(await next.listEvents('feeds')).toEqual(before)
    },
  )

  it('gets nothing when it lapsed just before the bus was stopped', async () => {
    const { clock, bus } = await start()
    await bus.claim('feeds', 'ann')
    clock.advance(60 * SECOND)
    await bus.close()
    const next = await openBus(bus.folder, clock)
    expect(await next.get('feeds')).toMatchObject({ lane: { rev: 1, state: 'orphaned' } })
  })
})

describe('the proof of life', () => {
  it('is written while a lane is held or lapsed a moment ago, and never otherwise', async () => {
    const { clock, bus } = await start()
    const countProofs = async () => {
      // Within the same millisecond there would be nothing to write.
      clock.advance(1)
      const before = countCommits(bus.path)
      await bus.proveLife()
      return countCommits(bus.path) - before
    }
    expect(await countProofs()).toBe(0)
    await bus.claim('feeds', 'ann', 60)
    expect(await countProofs()).toBe(1)
    clock.advance(70 * SECOND - 3)
    expect(await countProofs()).toBe(1)
    expect(await countProofs()).toBe(0)
    await bus.claim('feeds', 'ann', 60)
    await bus.release('feeds', 'ann')
    expect(await countProofs()).toBe(0)
  })
})
