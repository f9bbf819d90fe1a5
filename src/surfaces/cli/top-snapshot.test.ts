import { describe, expect, it } from 'vitest'
import { createFakeClock, startTestBus } from '../../../test/support/bus.ts'
import { answerWith, startFakeServer } from '../../../test/support/fake-server.ts'
import { startOldBus } from '../../../test/support/old-bus.ts'
import { createBusClient } from '../../client/index.ts'
import { createSnapshotReader } from './top-snapshot.ts'

const NEVER = new AbortController().signal
const MINUTE = 60_000
const startedAt = Date.parse('2026-03-10T14:00:00.000Z')

describe('a snapshot', () => {
  it('has what waits for a person, the lanes by name, and the newest messages', async () => {
    const clock = createFakeClock(startedAt)
    const { client } = await startTestBus({ createClock: () => clock.now })
    await client.lanes.claim({ lane: 'stale', owner: 'bob', lease_s: 60, note: 'half done' })
    clock.advance(2 * MINUTE)
    await client.lanes.claim({ lane: 'feeds', owner: 'ann', lease_s: 300, note: 'moving the parser' })
    await client.messages.post({
      topic: 'plan',
      sender: 'ann',
      body: 'Approve it?',
      action_flag: true,
      recipient: 'you',
    })
    clock.advance(MINUTE)
    const snapshot = await createSnapshotReader(client, () => 0)(NEVER)
    expect(snapshot).toEqual({
      now: startedAt + 3 * MINUTE,
      counts: { active: 1, orphaned: 1, waiting: 0, needsYou: 2 },
      needs: [
        { kind: 'flag', since: startedAt + 2 * MINUTE, what: '#1 ann: Approve it?' },
        { kind: 'orphaned', since: startedAt + MINUTE, what: 'stale: the lease of bob ran out (half done)' },
      ],
      lanes: [
        {
          name: 'feeds',
          owner: 'ann',
          note: 'moving the parser',
          expiresAt: startedAt + 7 * MINUTE,
          leaseMs: 300_000,
          fence: 1,
          waiters: 0,
        },
        {
          name: 'stale',
          owner: 'bob',
          note: 'half done',
          expiresAt: startedAt + MINUTE,
          leaseMs: 60_000,
          fence: 1,
          waiters: 0,
        },
      ],
      messages: [
        {
          id: 1,
          at: startedAt + 2 * MINUTE,
          topic: 'plan',
          sender: 'ann',
          recipient: 'you',
          body: 'Approve it?',
          isPending: true,
        },
      ],
    })
  })

  it('tells who waits, and whose owner says nothing', async () => {
    const clock = createFakeClock(startedAt)
    const { client } = await startTestBus({ createClock: () => clock.now })
    await client.lanes.claim({ lane: 'feeds', owner: 'ann', lease_s: 3600 })
    clock.advance(11 * MINUTE)
    const leaving = new AbortController()
    const wait = client.lanes.claim({ lane: 'feeds', owner: 'bob', wait_s: 50 }, { signal: leaving.signal })
    const waited = wait.catch(() => {})
    await expect.poll(async () => (await client.lanes.get({ lane: 'feeds' })).lane.waiters).toBe(1)
    const { counts, needs } = await createSnapshotReader(client, () => 0)(NEVER)
    expect(counts).toEqual({ active: 1, orphaned: 0, waiting: 1, needsYou: 2 })
    expect(needs).toEqual([
      { kind: 'contended', since: startedAt + 11 * MINUTE, what: 'feeds: 1 waits, ann has it' },
      { kind: 'silent', since: startedAt, what: 'feeds: no word from ann' },
    ])
    leaving.abort()
    await waited
  })

  it('of an older bus is made from its status, and that bus is asked for more only once', async () => {
    const clock = createFakeClock(startedAt)
    const bus = await startOldBus({ now: clock.now })
    const client = createBusClient({ baseUrl: bus.apiUrl })
    await client.lanes.claim({ lane: 'stale', owner: 'bob', lease_s: 60 })
    clock.advance(2 * MINUTE)
    await client.lanes.claim({ lane: 'feeds', owner: 'ann', lease_s: 300 })
    await client.messages.post({ topic: 'plan', sender: 'ann', body: 'Approve it?', action_flag: true })
    const read = createSnapshotReader(client, clock.now)
    const nothing = { note: '', leaseMs: undefined, fence: undefined, waiters: undefined }
    expect(await read(NEVER)).toMatchObject({
      now: startedAt + 2 * MINUTE,
      counts: { active: 1, orphaned: 1, waiting: undefined, needsYou: 2 },
      needs: [
        { kind: 'flag', since: startedAt + 2 * MINUTE, what: '#1 ann: Approve it?' },
        { kind: 'orphaned', since: startedAt + MINUTE, what: 'stale: the lease of bob ran out' },
      ],
      lanes: [
        { name: 'feeds', owner: 'ann', expiresAt: startedAt + 7 * MINUTE, ...nothing },
        { name: 'stale', owner: 'bob', expiresAt: startedAt + MINUTE, ...nothing },
      ],
      messages: [{ id: 1, topic: 'plan', sender: 'ann', body: 'Approve it?', isPending: true }],
    })
    await read(NEVER)
    expect(bus.requests.filter(({ url }) => url.endsWith('/attention'))).toHaveLength(1)
  })

  it('of what is no bus is none', async () => {
    const { baseUrl } = await startFakeServer(answerWith(200, '{"hello": "world"}'))
    const client = createBusClient({ baseUrl })
    await expect(createSnapshotReader(client, () => 0)(NEVER)).rejects.toMatchObject({
      name: 'BusApiError',
      message: expect.stringContaining('what answered is no bus'),
    })
  })
})
