import { describe, expect, it } from 'vitest'
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
})
