import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Finding } from '../../src/core/invariant.ts'
import { invariants, look } from '../../src/inspect.ts'
import { createFakeClock, createTempFolder } from '../support/bus.ts'
import { startTestPostgres } from '../support/postgres-database.ts'
import type { DirectBus } from './direct-bus.ts'
import { openFilled } from './invariants-filled.ts'

const postgres = startTestPostgres()

const engines: readonly (readonly [name: string, createPlace: () => Promise<string>])[] = [
  ['SQLite', async () => join(createTempFolder(), 'bus.db')],
  ['PostgreSQL', () => postgres().createDatabase()],
]

/** For each invariant, what breaks it. */
const faults: Readonly<Record<string, readonly string[]>> = {
  'store.identity': ["update bus_store set epoch = ''", 'insert into bus_store (epoch, last_moment) values (1, 1)'],
  'log.message-ids': ['delete from messages where id = 65', 'update message_bounds set floor_id = floor_id - 1'],
  'log.message-moments': ['update messages set ts = ts - 1 where id = (select max(id) from messages)'],
  'log.event-ids': [
    'delete from events where id = (select max(id) - 2 from events)',
    'update event_bounds set floor_id = floor_id + 1',
  ],
  'log.event-moments': [
    'update events set at = at - 10000000 where id = (select max(id) from events)',
    'update bus_store set last_moment = last_moment - 10000000',
  ],
  'log.events-of-messages': ["update events set ref = ref - 1 where kind = 'message' and ref = 65"],
  'log.messages-in-events': [
    "update events set kind = 'lane' where kind = 'message' and ref = (select max(id) from messages)",
  ],
  'log.acks': [
    'update messages set acked_at = acked_at + 1 where id = 64',
    "update events set ref = 9999 where kind = 'ack'",
  ],
  'log.acknowledged': [
    'update messages set acked_by = null where id = 64',
    'update messages set acked_at = 1 where id = 64',
    "delete from events where kind = 'ack' and ref = 64",
  ],
  'log.kept-below-floor': [
    'update messages set action_flag = 0 where id = (select min(id) from messages)',
    "delete from events where kind = 'ack' and ref = 5",
  ],
  'log.flags': ['update messages set action_flag = 2 where id = 65'],
  'log.message-count': ['delete from messages where id = 65'],
  'log.words': ['delete from message_words where rowid = 45', 'update message_bounds set indexed_id = 65'],
  'lanes.history-order': [
    "update lane_events set fence = fence - 1 where lane = 'new-stolen' and rev = 2",
    "update lane_events set at = at - 100000 where lane = 'new-stolen' and rev = 2",
    "delete from lane_events where lane = 'new-held' and rev = 2",
  ],
  'lanes.one-owner': ["update lane_events set owner = 'eve' where event = 'heartbeat'"],
  'lanes.one-holder': [
    "update lane_events set at = at - 1500 where lane = 'new-stolen' and rev = 2",
    "update lane_events set lease_ms = 60000 where lane = 'new-cleared' and rev = 1",
    "update lane_events set event = 'claim' where lane = 'new-stolen' and rev = 2",
  ],
  'lanes.events': [
    "delete from lane_events where lane = 'new-held' and rev = 2",
    "delete from events where kind = 'lane' and subject = 'new-stolen' and ref = 2",
    "update events set at = at - 1 where kind = 'lane' and subject = 'new-stolen' and ref = 2",
  ],
  'lanes.newest-line': [
    "update lanes set fence = fence + 1 where name = 'new-stolen'",
    "update lanes set rev = rev + 1 where name = 'new-stolen'",
    "update lanes set owner = 'eve' where name = 'new-stolen'",
    "update lanes set expires_at = expires_at + 1 where name = 'new-stolen'",
    "update lane_events set event = 'heartbeat' where event = 'release'",
    "delete from lane_events where lane = 'new-stolen' and rev = 2",
  ],
  'lanes.lines-of-lanes': ["delete from lanes where name = 'new-stolen'"],
  'lanes.tenures': [
    "update lanes set lease_ms = null where name = 'new-stolen'",
    "update lanes set last_fence = 2 where name = 'new-stolen'",
    "update lanes set last_end = null where name = 'new-released'",
  ],
  'lanes.queues': ['update lane_waiters set ticket = 1', 'update lane_waiters set kept_until = 0'],
  'lanes.refusals': ['update lane_refusals set fence = 9', 'update lane_refusals set count = 0'],
  'messages.fenced': [
    'update messages set fence = 9 where fence = 1',
    'update messages set fence = null where fence = 1',
    "update messages set sender = 'eve' where fence = 1",
    "update messages set lane = 'none' where fence = 1",
  ],
  'retries.keys': [
    "update kept_answers set answer = substr(answer, 1, 10) where idempotency_key = 'key-65'",
    "update kept_answers set fingerprint = '' where idempotency_key = 'key-65'",
  ],
}

/** What only an index that lost an entry breaks: SQLite's own tables of them cannot be written to. */
const OF_INDEXES = ['log.pending-count', 'log.topics', 'lanes.tenure-count']

class TakenBack extends Error {}

/** What the checks find with a fault in place, which is taken back then. */
async function findWith({ context }: DirectBus, fault: string): Promise<readonly Finding[]> {
  let found: readonly Finding[] = []
  const planted = context.database.write(async (transaction) => {
    await transaction.run({ text: fault, values: [] })
    found = await look({ reader: transaction }, invariants)
    throw new TakenBack()
  })
  await expect(planted).rejects.toBeInstanceOf(TakenBack)
  return found
}

describe.each(engines)('what holds of all that a bus keeps, on %s', (_, createPlace) => {
  const open = async () => {
    const bus = await openFilled(await createPlace(), createFakeClock())
    onTestFinished(bus.close)
    return bus
  }

  it('holds of a bus that has done everything, and each look has something to look at', async () => {
    const { context } = await open()
    const findings: Finding[] = []
    expect(await context.database.read((reader) => look({ reader }, invariants, (one) => findings.push(one)))).toEqual(
      [],
    )
    expect(findings.map(({ name }) => name)).toEqual(invariants.map(({ name }) => name))
    expect(findings.filter(({ looked }) => looked.startsWith('0 '))).toEqual([])
  })

  it('is told when it does not hold: each fault by the name of what it breaks, and by no body and no owner', async () => {
    const bus = await open()
    for (const [name, texts] of Object.entries(faults)) {
      for (const fault of texts) {
        const found = await findWith(bus, fault)
        expect({ fault, found: found.map((finding) => finding.name) }).toEqual({
          fault,
          found: expect.arrayContaining([name]),
        })
        expect(JSON.stringify(found)).not.toMatch(/cannot be read|step \d|under it|\bann\b|\bbob\b|\beve\b/)
      }
    }
    expect(await bus.context.database.read((reader) => look({ reader }, invariants))).toEqual([])
  })
})

describe('the faults', () => {
  it('are told for every invariant, but for those that only a broken index breaks', () => {
    const names = invariants.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect([...Object.keys(faults), ...OF_INDEXES].toSorted()).toEqual(names.toSorted())
  })
})
