import { describe, expect, it, onTestFinished } from 'vitest'
import { openDirectBus } from '../../../test/correctness/direct-bus.ts'
import { createFakeClock } from '../../../test/support/bus.ts'
import { refusalOf } from '../../../test/support/refusal.ts'
import { afterNoon, NOON, startStillBus } from '../../../test/support/still-bus.ts'
import { sql } from '../../core/database.ts'
import { sweep } from '../events/sweep.ts'

const MINUTE = 60_000

async function startLanes() {
  const { lanes, clock } = await startStillBus()
  return { ...lanes, clock }
}

/** Everything of a tenure that a test does not say. */
const bare = {
  owner: 'ann',
  fence: 1,
  began_at: NOON,
  ended_at: null,
  end: null,
  renewals: 0,
  note: null,
  stolen_from: null,
}

describe('lanes.timeline', () => {
  it('is empty while nothing was ever claimed, and shows the last hour unless told otherwise', async () => {
    const { timeline } = await startLanes()
    const nothing = { from: afterNoon(-3_600), until: NOON, tenures: [], refusals: [], truncated: false }
    expect(await timeline({})).toEqual(nothing)
    expect(await timeline({ window_s: 60 })).toEqual({ ...nothing, from: afterNoon(-60) })
  })

  it('tells of every tenure when it began, how it ended, and how long its lease was', async () => {
    const { claim, release, timeline, clock } = await startLanes()
    for (const lane of ['cleared', 'held', 'lapsed', 'orphaned', 'released', 'stolen']) {
      await claim({ lane, owner: 'ann', lease_s: lane === 'held' ? 600 : 60 })
    }
    clock.advance(MINUTE / 2)
    await release({ lane: 'released', owner: 'ann' })
    clock.advance(MINUTE)
    await release({ lane: 'cleared', owner: 'op' })
    await claim({ lane: 'lapsed', owner: 'ann', lease_s: 60 })
    await claim({ lane: 'stolen', owner: 'bob', lease_s: 60 })

    const lease_ends_at = afterNoon(60)
    const again = { began_at: afterNoon(90), lease_ends_at: afterNoon(150) }
    expect((await timeline({})).tenures).toEqual([
      { ...bare, lane: 'cleared', lease_ends_at, end: 'cleared', ended_at: afterNoon(90) },
      { ...bare, lane: 'held', lease_ends_at: afterNoon(600) },
      { ...bare, lane: 'lapsed', lease_ends_at, end: 'lapsed', ended_at: afterNoon(90) },
      { ...bare, lane: 'lapsed', fence: 2, ...again },
      { ...bare, lane: 'orphaned', lease_ends_at },
      { ...bare, lane: 'released', lease_ends_at, end: 'released', ended_at: afterNoon(30) },
      { ...bare, lane: 'stolen', lease_ends_at, end: 'stolen', ended_at: afterNoon(90) },
      { ...bare, lane: 'stolen', owner: 'bob', fence: 2, ...again, stolen_from: 'ann' },
    ])
  })

  it('counts renewals and heartbeats, and shows the lease and the note as they were last', async () => {
    const { claim, heartbeat, release, timeline, clock } = await startLanes()
    await claim({ lane: 'feeds', owner: 'ann', lease_s: 60, note: 'reading' })
    clock.advance(10_000)
    await claim({ lane: 'feeds', owner: 'ann', lease_s: 60, note: 'writing' })
    await heartbeat({ lane: 'feeds', owner: 'ann', lease_s: 90 })
    const tenure = { ...bare, lane: 'feeds', renewals: 2, lease_ends_at: afterNoon(100) }
    expect((await timeline({})).tenures).toEqual([{ ...tenure, note: 'writing' }])
    await release({ lane: 'feeds', owner: 'ann', note: 'written' })
    const ended = { end: 'released', ended_at: afterNoon(10), note: 'written' }
    expect((await timeline({})).tenures).toEqual([{ ...tenure, ...ended }])
  })

  it('shows what began before the window and was there in it, and nothing that ended before', async () => {
    const { claim, heartbeat, release, timeline, clock } = await startLanes()
    await claim({ lane: 'gone', owner: 'ann' })
    await release({ lane: 'gone', owner: 'ann' })
    for (const lane of ['beaten', 'idle', 'released']) await claim({ lane, owner: 'ann', lease_s: 600, note: 'long' })
    for (const lane of ['cleared', 'lapsed', 'orphaned', 'stolen']) await claim({ lane, owner: 'ann', lease_s: 30 })
    clock.advance(MINUTE)
    await heartbeat({ lane: 'beaten', owner: 'ann', lease_s: 600 })
    clock.advance(MINUTE)
    await heartbeat({ lane: 'beaten', owner: 'ann', lease_s: 600 })
    await release({ lane: 'released', owner: 'ann' })
    await release({ lane: 'cleared', owner: 'op' })
    await claim({ lane: 'lapsed', owner: 'ann' })
    await claim({ lane: 'stolen', owner: 'bob' })
    clock.advance(MINUTE / 2)

    const before = { ...bare, began_at: null }
    const ended_at = afterNoon(120)
    const again = { began_at: ended_at, lease_ends_at: afterNoon(420) }
    expect((await timeline({ window_s: 60 })).tenures).toEqual([
      { ...before, lane: 'beaten', lease_ends_at: afterNoon(720), renewals: 1, note: 'long' },
      { ...before, lane: 'cleared', lease_ends_at: afterNoon(30), end: 'cleared', ended_at },
      { ...before, lane: 'idle', lease_ends_at: afterNoon(600), note: 'long' },
      { ...before, lane: 'lapsed', lease_ends_at: afterNoon(30), end: 'lapsed', ended_at },
      { ...bare, lane: 'lapsed', fence: 2, ...again },
      { ...before, lane: 'orphaned', lease_ends_at: afterNoon(30) },
      { ...before, lane: 'released', lease_ends_at: afterNoon(600), end: 'released', ended_at, note: 'long' },
      { ...before, lane: 'stolen', lease_ends_at: afterNoon(30), end: 'stolen', ended_at },
      { ...bare, lane: 'stolen', owner: 'bob', fence: 2, ...again, stolen_from: 'ann' },
    ])
  })

  it('begins its window at a moment that belongs to it', async () => {
    const { claim, release, timeline, clock } = await startLanes()
    await claim({ lane: 'feeds', owner: 'ann' })
    await release({ lane: 'feeds', owner: 'ann' })
    clock.advance(MINUTE)
    expect((await timeline({ window_s: 60 })).tenures).toMatchObject([{ began_at: NOON, ended_at: NOON }])
    clock.advance(1)
    expect((await timeline({ window_s: 60 })).tenures).toEqual([])
  })

  it('leaves out the oldest beyond the limit, and says so; what goes on is the newest', async () => {
    const { claim, release, timeline, clock } = await startLanes()
    await claim({ lane: 'idle', owner: 'ann', lease_s: 86_400 })
    clock.advance(60 * MINUTE)
    for (const lane of ['c', 'b', 'a', 'a', 'd', 'd']) {
      clock.advance(1_000)
      await claim({ lane, owner: 'ann' })
      if (lane !== 'c') await release({ lane, owner: 'ann' })
    }
    const shown = async (limit: number) => {
      const { tenures, truncated } = await timeline({ window_s: 60, limit })
      return { names: tenures.map(({ lane, fence }) => `${lane} ${fence}`), truncated }
    }
    const names = ['a 1', 'a 2', 'b 1', 'c 1', 'd 1', 'd 2', 'idle 1']
    expect(await shown(7)).toEqual({ names, truncated: false })
    expect(await shown(6)).toEqual({ names: names.filter((name) => name !== 'b 1'), truncated: true })
    expect(await shown(3)).toEqual({ names: ['c 1', 'd 2', 'idle 1'], truncated: true })
    expect(await shown(1)).toEqual({ names: ['c 1'], truncated: true })
  })

  it('takes windows from a minute to a week and limits from 1 to 5000, and nothing else', async () => {
    const { timeline } = await startLanes()
    for (const window_s of [59, 604_801, 60.5]) {
      expect(await refusalOf(timeline({ window_s }))).toMatchObject({
        status: 422,
        text: 'window_s must be an integer from 60 to 604800',
      })
    }
    expect((await refusalOf(timeline({ limit: 5_001 }))).text).toBe('limit must be an integer from 1 to 5000')
    expect(await timeline({ window_s: 604_800, limit: 5_000 })).toMatchObject({ from: afterNoon(-604_800) })
  })
})

/** A bus in this process, with its store at hand. */
async function openBus() {
  const clock = createFakeClock()
  const bus = await openDirectBus({ path: ':memory:', createClock: () => clock.now, minLeaseMs: 1, maxLeaseMs: 1e9 })
  onTestFinished(bus.close)
  const call = async (id: string, input: object) => (await bus.call(id, input)).body
  return { clock, call, context: bus.context }
}

describe('lanes.timeline of a long history', () => {
  it('begins later than asked when more than 100,000 events lie inside, and says that something is left out', async () => {
    const { clock, call, context } = await openBus()
    await call('lanes.claim', { lane: 'early', owner: 'ann' })
    await call('lanes.release', { lane: 'early', owner: 'ann' })
    const startedAt = clock.now()
    clock.advance(200_000)
    await context.database.write((transaction) =>
      transaction.run(sql`
        with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 100000)
        insert into lane_events (lane, rev, event, owner, fence, at, lease_ms, request_id)
        select 'busy', n, case n when 1 then 'claim' else 'heartbeat' end, 'ann', 1, ${startedAt} + 1 + n, 1000, 'test'
        from numbers`),
    )
    const shown = {
      from: new Date(startedAt + 1).toISOString(),
      tenures: [{ lane: 'busy', renewals: 99_999, began_at: new Date(startedAt + 2).toISOString() }],
    }
    expect(await call('lanes.timeline', {})).toMatchObject({ ...shown, truncated: true })
    clock.advance(3_400_001)
    expect(await call('lanes.timeline', {})).toMatchObject({ ...shown, truncated: false })
  })

  it('shows what is left of tenures whose beginning was swept', async () => {
    const { clock, call, context } = await openBus()
    for (const lane of ['held', 'released', 'stolen']) await call('lanes.claim', { lane, owner: 'ann', lease_s: 30 })
    clock.advance(20_000)
    for (const lane of ['held', 'released']) await call('lanes.claim', { lane, owner: 'ann', lease_s: 30 })
    clock.advance(20_000)
    await call('lanes.claim', { lane: 'stolen', owner: 'bob' })
    await call('lanes.release', { lane: 'released', owner: 'ann' })
    await sweep({ ...context, settings: { ...context.settings, retainMs: 20_000 } })
    const before = { owner: 'ann', fence: 1, began_at: null, note: null }
    const stolen = { lane: 'stolen', end: 'stolen', lease_ends_at: null }
    expect(await call('lanes.timeline', { window_s: 60 })).toMatchObject({
      tenures: [
        { ...before, lane: 'held', renewals: 1, end: null },
        { ...before, lane: 'released', renewals: 1, end: 'released' },
        { ...before, ...stolen },
        { owner: 'bob', fence: 2, lane: 'stolen', end: null },
      ],
    })
  })
})
