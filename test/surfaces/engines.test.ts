import { describe, expect, it, onTestFinished } from 'vitest'
import { sweep } from '../../src/capabilities/events/sweep.ts'
import { flushRefusals } from '../../src/capabilities/lanes/keep-refusals.ts'
import { openDirectBus } from '../correctness/direct-bus.ts'
import { createFakeClock } from '../support/bus.ts'
import { startWaiting } from '../support/nodes.ts'
import { startTestPostgres } from '../support/postgres-database.ts'
import { afterNoon, NOON, startStillBus } from '../support/still-bus.ts'

const postgres = startTestPostgres()

const engines: readonly (readonly [name: string, createPlace: () => Promise<string>])[] = [
  ['SQLite', async () => ':memory:'],
  ['PostgreSQL', () => postgres().createDatabase()],
]

const MINUTE = 60_000

describe.each(engines)('a bus on %s', (_, createPlace) => {
  // PostgreSQL measures an outage by the clock that leaps here.
  const start = async () => startStillBus({ databasePlace: await createPlace(), outageMs: 1_000_000_000 })

  it('finds the lanes whose owners are silent', async () => {
    const { lanes, messages, status, clock } = await start()
    const owners = ['ann', "o'neill", 'a "b" \\ c', 'é🚌', 'bus']
    for (const [index, owner] of owners.entries()) {
      await lanes.claim({ lane: `lane-${index}`, owner, lease_s: 3_600 })
    }
    await lanes.claim({ lane: 'stolen', owner: 'cid', lease_s: 300 })
    clock.advance(10 * MINUTE)
    await lanes.claim({ lane: 'stolen', owner: 'dan' })
    const count = async () => (await status.get({}))._meta.silent_lane_count
    expect(await count()).toBe(5)
    for (const [index, sender] of owners.entries()) {
      await messages.post({ topic: 't', sender, body: 'here' })
      expect(await count()).toBe(4 - index)
    }
  })

  it('shows what waits for a person', async () => {
    const bus = await start()
    const { lanes, messages, status, clock } = bus
    await lanes.claim({ lane: 'silent', owner: 'ann', lease_s: 3_600 })
    await lanes.claim({ lane: 'orphaned', owner: 'bob', lease_s: 600 })
    clock.advance(10 * MINUTE)
    for (const lane of ['b', 'B', '_']) {
      await lanes.claim({ lane, owner: 'cid' })
      await startWaiting(bus, lane, 'dan', 1)
    }
    await startWaiting(bus, 'B', 'eve', 2)
    await messages.post({ topic: 't', sender: 'bob', body: 'help', action_flag: true })
    const { items, _meta } = await status.attention({})
    expect(items).toMatchObject([
      { kind: 'flag', since: afterNoon(600), message: { id: 1 } },
      { kind: 'orphaned', since: afterNoon(600), lane: { name: 'orphaned' } },
      { kind: 'contended', since: afterNoon(600), lane: { name: 'B', waiters: 2 } },
      { kind: 'contended', since: afterNoon(600), lane: { name: '_', waiters: 1 } },
      { kind: 'contended', since: afterNoon(600), lane: { name: 'b', waiters: 1 } },
      { kind: 'silent', since: NOON, lane: { name: 'silent' }, last_message_at: null },
    ])
    expect(_meta).toMatchObject({ waiting_count: 2, contended_lane_count: 3, needs_you_count: 6 })
  })

  it('goes back through the log, also through what a search finds', async () => {
    const { messages } = await start()
    for (let id = 1; id <= 12; id += 1) {
      await messages.post({ topic: 't', sender: id % 2 === 0 ? 'ann' : 'bob', body: `step ${id}` })
    }
    for (const [filter, ids] of [
      [{}, [8, 7, 6]],
      [{ sender: 'ann' }, [8, 6, 4]],
      [{ search: 'step' }, [8, 7, 6]],
      [{ search: 'ste*', sender: 'bob' }, [7, 5, 3]],
    ] as const) {
      const page = await messages.read({ ...filter, before_id: 9, limit: 3 })
      expect(page.messages.map(({ id }) => id)).toEqual(ids)
    }
  })

  it('tells who held what, in the order of the characters’ codes', async () => {
    const { lanes, clock } = await start()
    const names = ['a', 'B', '_', 'idle']
    for (const lane of names) await lanes.claim({ lane, owner: 'ann', lease_s: 50, note: 'é🚌' })
    clock.advance(MINUTE)
    await lanes.claim({ lane: 'a', owner: 'bob', lease_s: 600 })
    await lanes.claim({ lane: '_', owner: 'ann', lease_s: 600 })
    await lanes.heartbeat({ lane: '_', owner: 'ann', lease_s: 600 })
    await lanes.release({ lane: 'B', owner: 'op' })
    clock.advance(1)
    const before = { owner: 'ann', fence: 1, began_at: null, renewals: 0, lease_ends_at: afterNoon(50), note: 'é🚌' }
    const after = { fence: 2, began_at: afterNoon(60), ended_at: null, end: null, lease_ends_at: afterNoon(660) }
    const ended = { ended_at: afterNoon(60), stolen_from: null }
    const plain = { note: null, stolen_from: null }
    const tenures = [
      { ...before, ...ended, lane: 'B', end: 'cleared' },
      { ...before, ...ended, lane: '_', end: 'lapsed' },
      { ...after, ...plain, lane: '_', owner: 'ann', renewals: 1 },
      { ...before, ...ended, lane: 'a', end: 'stolen' },
      { ...after, ...plain, lane: 'a', owner: 'bob', renewals: 0, stolen_from: 'ann' },
      { ...before, lane: 'idle', ended_at: null, end: null, stolen_from: null },
    ]
    const whole = await lanes.timeline({ window_s: 60 })
    expect(whole).toEqual({ from: afterNoon(0.001), until: afterNoon(60.001), tenures, refusals: [], truncated: false })
    const newest = await lanes.timeline({ window_s: 60, limit: 4 })
    expect(newest).toMatchObject({
      truncated: true,
      tenures: tenures.filter((_, index) => [0, 2, 4, 5].includes(index)),
    })
  })

  it('counts refusals, tells them by lane and by time, and sweeps the old ones', async () => {
    const clock = createFakeClock(Date.parse(NOON))
    const bus = await openDirectBus({
      path: await createPlace(),
      createClock: () => clock.now,
      minLeaseMs: 1,
      maxLeaseMs: 1e9,
      outageMs: 1_000_000_000,
    })
    onTestFinished(bus.close)
    const { call, context } = bus
    const claim = (owner: string, lane: string) => call('lanes.claim', { lane, owner, lease_s: 3_600 })
    for (const lane of ['a', 'B']) await claim('ann', lane)
    for (const owner of ["o'neill", 'é🚌 "x"', "o'neill"]) await claim(owner, 'a')
    await flushRefusals(context)
    clock.advance(2 * MINUTE)
    await claim("o'neill", 'a')
    await call('lanes.claimAll', { lanes: ['B', 'a'], owner: 'bob' })
    await call('lanes.heartbeat', { lane: 'new', owner: 'bob' })
    await flushRefusals(context)

    const told = async (id: string, input: object) => {
      const { refusals } = (await call(id, input)).body as { refusals: Readonly<Record<string, unknown>>[] }
      const moments = refusals.map(({ last_at }) => last_at)
      expect(moments).toEqual([...moments].sort().reverse())
      return refusals.map(({ first_at: _, last_at: __, ...refusal }) => Object.values(refusal).join(' ')).sort()
    }
    const old = 'é🚌 "x" lane_held 1 ann 1'
    const again = "o'neill lane_held 1 ann 3"
    const set = 'bob lanes_held 1 ann 1'
    expect(await told('lanes.history', { lane: 'a' })).toEqual([set, again, old])
    const late = [`B ${set}`, `a ${set}`, `a ${again}`, 'new bob lane_not_held 0  1']
    expect(await told('lanes.timeline', { window_s: 60 })).toEqual(late)
    expect(await told('lanes.timeline', {})).toEqual([...late.slice(0, 3), `a ${old}`, ...late.slice(3)])
    await sweep({ ...context, settings: { ...context.settings, retainMs: MINUTE } })
    expect(await told('lanes.timeline', {})).toEqual(late)
  })
})
