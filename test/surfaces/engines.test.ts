import { describe, expect, it } from 'vitest'
import { startTestPostgres } from '../support/postgres-database.ts'
import { startStillBus } from '../support/still-bus.ts'

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
})
