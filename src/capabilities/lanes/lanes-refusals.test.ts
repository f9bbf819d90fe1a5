import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openDirectBus } from '../../../test/correctness/direct-bus.ts'
import { countCommits } from '../../../test/store/wal.ts'
import { createFakeClock, createTempFolder, startTestBus } from '../../../test/support/bus.ts'
import { refusalOf } from '../../../test/support/refusal.ts'
import { NOON } from '../../../test/support/still-bus.ts'
import { single, sql } from '../../core/database.ts'
import { sweep } from '../events/sweep.ts'
import { flushRefusals } from './keep-refusals.ts'

const MINUTE = 60_000

/** What a refusal tells of itself. */
interface Told {
  readonly lane: string
  readonly owner: string
  readonly code: string
  readonly fence: number
  readonly held_by: string | null
  readonly count: number
  readonly first_at: string
  readonly last_at: string
}

/** A bus without chores: refusals are kept when a test says so. */
async function openBus(path = ':memory:') {
  const clock = createFakeClock(Date.parse(NOON))
  const bus = await openDirectBus({ path, createClock: () => clock.now, minLeaseMs: 1, maxLeaseMs: 1e9 })
  onTestFinished(bus.close)
  const { call, context } = bus
  const { database } = context
  return {
    clock,
    context,
    database,
    call,
    claim: (owner: string, lane = 'feeds', more: object = {}) => call('lanes.claim', { lane, owner, ...more }),
    flush: () => flushRefusals(context),
    /** All that was kept, as the timeline tells it. */
    keep: async (input: object = {}) => {
      await flushRefusals(context)
      const body: { refusals?: Told[] } = (await call('lanes.timeline', input)).body
      return body.refusals ?? []
    },
    countWaiters: () =>
      database.read((reader) => single<{ waiters: number }>(reader, sql`select count(*) as waiters from lane_waiters`)),
  }
}

type TestBus = Awaited<ReturnType<typeof openBus>>

const byCode = (refusals: readonly Told[]) =>
  refusals.map(({ lane, owner, code, fence, held_by, count }) => [lane, owner, code, fence, held_by, count]).sort()

/** Whether a moment is just before the clock of the bus: that stands still, and the stopwatch of a tally does not. */
function isAbout({ clock }: TestBus, moment: string | undefined): boolean {
  const behind = clock.now() - Date.parse(moment ?? '')
  return behind >= 0 && behind < MINUTE / 2
}

async function untilWaiting(bus: TestBus, waiters: number): Promise<void> {
  while ((await bus.countWaiters()).waiters !== waiters) await new Promise((done) => setImmediate(done))
}

describe('lanes.history', () => {
  it('tells who was refused, by which tenure, how often, when first and last; the newest first', async () => {
    const bus = await openBus()
    const { claim, call, flush, clock } = bus
    await claim('ann')
    for (const owner of ['bob', 'bob', 'cid']) await claim(owner)
    await flush()
    clock.advance(MINUTE)
    await claim('bob')
    await flush()
    const { refusals } = (await call('lanes.history', { lane: 'feeds' })).body as { refusals: Omit<Told, 'lane'>[] }
    const [bob, cid] = refusals
    const common = { code: 'lane_held', fence: 1, held_by: 'ann', first_at: expect.any(String) }
    expect(refusals).toEqual([
      { ...common, owner: 'bob', count: 3, last_at: expect.any(String) },
      { ...common, owner: 'cid', count: 1, last_at: cid?.first_at },
    ])
    expect(isAbout(bus, bob?.last_at)).toBe(true)
    clock.advance(-MINUTE)
    expect([isAbout(bus, bob?.first_at), isAbout(bus, cid?.last_at)]).toEqual([true, true])
  })

  it('tells refusals of this lane alone, and at most as many as the limit', async () => {
    const { claim, call, flush } = await openBus()
    await claim('ann')
    await claim('ann', 'feeds2')
    await claim('eve', 'feeds2')
    for (const owner of ['bob', 'cid', 'dan']) await claim(owner)
    await flush()
    expect((await call('lanes.history', { lane: 'feeds' })).body).toMatchObject({ refusals: { length: 3 } })
    expect((await call('lanes.history', { lane: 'feeds', limit: 2 })).body).toMatchObject({ refusals: { length: 2 } })
    expect((await call('lanes.history', { lane: 'feeds2' })).body).toMatchObject({ refusals: [{ owner: 'eve' }] })
  })

  it('tells of what came once the same moment twice', async () => {
    const { claim, keep } = await openBus()
    await claim('ann')
    for (let other = 0; other < 400; other += 1) await claim(`other-${other}`)
    const told = await keep({ limit: 1_000 })
    expect(told.filter(({ first_at, last_at }) => first_at !== last_at)).toEqual([])
    expect(told.length).toBeGreaterThan(100)
  })

  it('counts apart what another tenure stood in the way of', async () => {
    const { claim, call, keep } = await openBus()
    await claim('ann')
    await claim('bob')
    await call('lanes.release', { lane: 'feeds', owner: 'ann' })
    await claim('cid')
    await claim('bob')
    expect(byCode(await keep())).toEqual([
      ['feeds', 'bob', 'lane_held', 1, 'ann', 1],
      ['feeds', 'bob', 'lane_held', 2, 'cid', 1],
    ])
  })
})

describe('a refusal that is counted', () => {
  it('is that of a claim, a heartbeat or a release of what another holds', async () => {
    const { claim, call, keep } = await openBus()
    await claim('ann')
    await claim('bob')
    await claim('ann', 'feeds', { session: 'twin' })
    await call('lanes.heartbeat', { lane: 'feeds', owner: 'bob' })
    await call('lanes.release', { lane: 'feeds', owner: 'bob' })
    expect(byCode(await keep())).toEqual([
      ['feeds', 'ann', 'lane_held', 1, 'ann', 1],
      ['feeds', 'bob', 'lane_held', 1, 'ann', 2],
      ['feeds', 'bob', 'lane_not_held', 1, 'ann', 1],
    ])
  })

  it('is that of a tenure that is over or never was, to a heartbeat, a release and a claim made again under its key', async () => {
    const { claim, call, keep, clock } = await openBus()
    await call('lanes.claim', { lane: 'feeds', owner: 'ann', lease_s: 10 }, 'key-1')
    clock.advance(10_000)
    await claim('bob')
    await call('lanes.claim', { lane: 'feeds', owner: 'ann', lease_s: 10 }, 'key-1')
    await call('lanes.heartbeat', { lane: 'feeds', owner: 'ann', fence: 1 })
    await call('lanes.release', { lane: 'feeds', owner: 'cid', fence: 9 })
    expect(byCode(await keep())).toEqual([
      ['feeds', 'ann', 'lease_lost', 2, 'bob', 2],
      ['feeds', 'cid', 'lease_lost', 2, 'bob', 1],
    ])
  })

  it('names nobody as holder where nobody held the lane live', async () => {
    const { claim, call, keep, clock } = await openBus()
    await claim('ann', 'feeds', { lease_s: 10 })
    clock.advance(10_000)
    await call('lanes.heartbeat', { lane: 'feeds', owner: 'ann' })
    expect(byCode(await keep())).toEqual([['feeds', 'ann', 'lane_not_held', 1, null, 1]])
  })

  it('is one for each lane that a set of lanes could not have', async () => {
    const { claim, call, keep } = await openBus()
    for (const lane of ['a', 'c']) await claim('ann', lane)
    expect(await call('lanes.claimAll', { lanes: ['c', 'b', 'a', 'a'], owner: 'bob' })).toMatchObject({ status: 409 })
    expect(byCode(await keep())).toEqual([
      ['a', 'bob', 'lanes_held', 1, 'ann', 1],
      ['c', 'bob', 'lanes_held', 1, 'ann', 1],
    ])
  })

  it('is that of a free lane for which others wait', async () => {
    const bus = await openBus()
    const { claim, call, keep } = bus
    await claim('ann')
    const waiting = claim('bob', 'feeds', { wait_s: 20 })
    await untilWaiting(bus, 1)
    // Both in one commit: the release wakes the waiter, and the other is there before it.
    const [, queued] = await Promise.all([call('lanes.release', { lane: 'feeds', owner: 'ann' }), claim('cid')])
    expect(queued).toMatchObject({ body: { code: 'lane_queued' } })
    await waiting
    expect(byCode(await keep())).toEqual([['feeds', 'cid', 'lane_queued', 1, null, 1]])
  })

  it('is that of a wait which would never end, by the tenure that stands in its way', async () => {
    const bus = await openBus()
    const { claim, keep, call } = bus
    await claim('ann', 'x')
    await claim('bob', 'y')
    const waiting = claim('ann', 'y', { wait_s: 20 })
    await untilWaiting(bus, 1)
    expect(await claim('bob', 'x', { wait_s: 20 })).toMatchObject({
      body: { code: 'would_deadlock', lane: { name: 'x', owner: 'ann', fence: 1 } },
    })
    await call('lanes.release', { lane: 'y', owner: 'bob' })
    await waiting
    expect(byCode(await keep())).toEqual([['x', 'bob', 'would_deadlock', 1, 'ann', 1]])
  })

  it('counts once however long it waited, when the wait ends, and not when the wait ends with the lane', async () => {
    const bus = await openBus()
    const { claim, call, keep, clock } = bus
    await claim('ann', 'feeds', { lease_s: 1_000 })
    const waits = [claim('bob', 'feeds', { wait_s: 10 }), claim('cid', 'feeds', { wait_s: 50 })]
    await untilWaiting(bus, 2)
    expect(await keep()).toEqual([])
    clock.advance(10_000)
    expect(await waits[0]).toMatchObject({ status: 409, body: { code: 'lane_held', position: 1 } })
    await call('lanes.release', { lane: 'feeds', owner: 'ann' })
    expect(await waits[1]).toMatchObject({ status: 200 })
    expect(byCode(await keep())).toEqual([['feeds', 'bob', 'lane_held', 1, 'ann', 1]])
  })

  it('makes no lane of one that was never claimed', async () => {
    const { call, keep } = await openBus()
    await call('lanes.heartbeat', { lane: 'new', owner: 'ann' })
    await call('lanes.release', { lane: 'new', owner: 'ann', fence: 1 })
    expect(byCode(await keep())).toEqual([
      ['new', 'ann', 'lane_not_held', 0, null, 1],
      ['new', 'ann', 'lease_lost', 0, null, 1],
    ])
    expect((await call('lanes.list', {})).body).toMatchObject({ lanes: [] })
    expect(await call('lanes.history', { lane: 'new' })).toMatchObject({ status: 404 })
  })

  it('is none that was granted, changed nothing, or was no right request', async () => {
    const { claim, call, keep } = await openBus()
    await claim('ann')
    await claim('ann')
    await call('lanes.heartbeat', { lane: 'feeds', owner: 'ann' })
    await call('lanes.release', { lane: 'feeds', owner: 'ann', fence: 0 })
    await call('lanes.release', { lane: 'feeds', owner: 'ann' })
    await call('lanes.release', { lane: 'feeds', owner: 'bob' })
    expect(await claim('', 'feeds')).toMatchObject({ status: 422 })
    expect(await keep()).toEqual([])
  })
})

describe('what is kept of refusals', () => {
  it('is one row and one commit for one that hammers a held lane, and no commit when nobody was refused', async () => {
    const path = join(createTempFolder(), 'bus.db')
    const { claim, call, flush, clock } = await openBus(path)
    const countFlushed = async () => {
      // Within the same millisecond there would be nothing to write.
      clock.advance(1)
      const before = countCommits(path)
      await flush()
      return countCommits(path) - before
    }
    await claim('ann')
    const before = countCommits(path)
    await Promise.all(Array.from({ length: 500 }, () => claim('bob')))
    expect(countCommits(path)).toBe(before)
    expect(await countFlushed()).toBe(1)
    expect(await countFlushed()).toBe(0)
    expect((await call('lanes.history', { lane: 'feeds' })).body).toMatchObject({ refusals: [{ count: 500 }] })
  })

  it('waits for the store when that does not take it, and is complete then', async () => {
    const { claim, flush, keep, database } = await openBus()
    const rename = (from: string, to: string) =>
      database.write((transaction) => transaction.run({ text: `alter table ${from} rename to ${to}`, values: [] }))
    await claim('ann')
    for (const owner of ['bob', 'bob', 'cid']) await claim(owner)
    await rename('lane_refusals', 'away')
    await expect(flush()).rejects.toThrow('lane_refusals')
    await claim('bob')
    await rename('away', 'lane_refusals')
    expect(byCode(await keep())).toEqual([
      ['feeds', 'bob', 'lane_held', 1, 'ann', 3],
      ['feeds', 'cid', 'lane_held', 1, 'ann', 1],
    ])
  })

  it('is swept with the events of its time, but for what came again since then', async () => {
    const { claim, keep, context, clock } = await openBus()
    const run = (retainMs: number) => sweep({ ...context, settings: { ...context.settings, retainMs } })
    await claim('ann', 'feeds', { lease_s: 10_000 })
    const owners = Array.from({ length: 450 }, (_, index) => `agent-${index}`)
    for (const owner of [...owners, 'bob', 'cid']) await claim(owner)
    await keep()
    clock.advance(2 * MINUTE)
    await claim('bob')
    await keep()
    await run(5 * MINUTE)
    expect(await keep()).toHaveLength(452)
    await run(MINUTE)
    expect(byCode(await keep())).toEqual([['feeds', 'bob', 'lane_held', 1, 'ann', 2]])
  })

  it('is kept by the bus itself, a moment later', async () => {
    const { client } = await startTestBus()
    await client.lanes.claim({ lane: 'feeds', owner: 'ann' })
    await refusalOf(client.lanes.claim({ lane: 'feeds', owner: 'bob' }))
    const refusals = async () => (await client.lanes.history({ lane: 'feeds' })).refusals
    while ((await refusals()).length === 0) await new Promise((done) => setTimeout(done, 20))
    expect(await refusals()).toMatchObject([{ owner: 'bob', code: 'lane_held', fence: 1, held_by: 'ann', count: 1 }])
  })
})

describe('lanes.timeline', () => {
  it('shows the refusals that came inside the window, the newest first, and says when some are left out', async () => {
    const { claim, call, keep, clock } = await openBus()
    await claim('ann', 'a', { lease_s: 10_000 })
    await claim('ann', 'b', { lease_s: 10_000 })
    for (const [owner, lane] of [
      ['bob', 'a'],
      ['cid', 'b'],
      ['dan', 'a'],
    ] as const) {
      await claim(owner, lane)
      await keep()
      clock.advance(MINUTE)
    }
    const shown = async (input: object) => (await keep(input)).map(({ lane, owner }) => `${owner} ${lane}`)
    expect(await shown({})).toEqual(['dan a', 'cid b', 'bob a'])
    expect(await shown({ window_s: 90 })).toEqual(['dan a'])
    expect(await shown({ limit: 2 })).toEqual(['dan a', 'cid b'])
    expect((await call('lanes.timeline', { limit: 2 })).body).toMatchObject({ truncated: true })
    expect((await call('lanes.timeline', { limit: 3 })).body).toMatchObject({ truncated: false })
  })
})
