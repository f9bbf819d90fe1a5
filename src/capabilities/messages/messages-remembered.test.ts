import { describe, expect, it, onTestFinished } from 'vitest'
import { openDirectBus } from '../../../test/correctness/direct-bus.ts'
import { createFakeClock, createTempFolder } from '../../../test/support/bus.ts'
import { invokeForText } from '../../core/capability.ts'
import { boundOperations } from '../../product.ts'
import { sweep } from '../events/sweep.ts'

const BIG = 1_000_000

async function openBus(path: string) {
  const clock = createFakeClock()
  const bus = await openDirectBus({ path, createClock: () => clock.now, minLeaseMs: 1, maxLeaseMs: 1e9 })
  onTestFinished(bus.close)
  const request = { requestId: 'request-1', signal: new AbortController().signal }
  const read = boundOperations.find(({ operation }) => operation.id === 'messages.read')
  const call = async (id: string, input: object) => (await bus.call(id, input)).body
  return {
    clock,
    call,
    post: (topic: string, more: object = {}) =>
      call('messages.post', { topic, sender: 'ann', body: 'found it', ...more }),
    /** The page as JSON text, as it goes over HTTP. */
    readText: async (input: object) => (read ? invokeForText(read, input, bus.context, request) : ''),
    /** Drops all but the newest. */
    sweep: (retainMessages: number) => sweep({ ...bus.context, settings: { ...bus.context.settings, retainMessages } }),
  }
}

type TestBus = Awaited<ReturnType<typeof openBus>>

/** A message of every kind that there is. */
async function postAll({ call, post, clock }: TestBus) {
  await post('plain')
  clock.advance(1_234)
  await post('odd "topic" \\ 🚌', { body: 'tab\t, line\nbreak, "quotes", \\, \u2028, DEL-less, é, 🚌' })
  await post('plain', { sender: 'bob', recipient: 'ann "the first"', thread_id: 1, action_flag: true })
  await call('lanes.claim', { lane: 'feeds', owner: 'ann', lease_s: 1 })
  await post('plain', { lane: 'feeds', fence: 1 })
  clock.advance(2_000)
  // The bus tells ann that bob has it now.
  await call('lanes.claim', { lane: 'feeds', owner: 'bob' })
  await post('plain', { action_flag: true })
  clock.advance(59_766)
  await call('messages.ack', { id: 3, sender: 'carol' })
}

const QUERIES: readonly object[] = [
  {},
  { limit: 2 },
  { topic: 'plain' },
  { topic: 'plain', limit: 1 },
  { topic: 'odd "topic" \\ 🚌' },
  { topic: 'nothing of it' },
  { since_id: 0 },
  { since_id: 2 },
  { since_id: 2, limit: 2 },
  { topic: 'plain', since_id: 3 },
  { topic: 'plain', since_id: 0, limit: 1 },
  { before_id: 4 },
  { topic: 'plain', before_id: 5, limit: 1 },
  { sender: 'bob' },
  { flagged: true },
  { flagged: false, topic: 'plain' },
  { recipient: 'ann' },
  { thread_id: 1 },
  { search: 'found' },
  { search: 'found', since_id: 1, limit: 2 },
]

describe.each([
  ['in memory', () => ':memory:'],
  ['in a file', () => `${createTempFolder()}/bus.db`],
])('a page of messages from a store %s', (_, createPath) => {
  it('is the same text and the same answer, however often it is asked for, and whatever came in between', async () => {
    const bus = await openBus(createPath())
    for (const happen of [postAll, postAll, async () => {}]) {
      await happen(bus)
      for (const query of QUERIES) {
        const first = await bus.readText(query)
        const again = [await bus.readText(query), await bus.readText(query)]
        expect([...again, JSON.stringify(await bus.call('messages.read', query))]).toEqual([first, first, first])
      }
    }
  })

  it('is the newest one after each message, acknowledgement and end of a message', async () => {
    const bus = await openBus(createPath())
    const expectNewest = async () => {
      for (const query of [{}, { topic: 'plain' }, { topic: 'plain', limit: 2 }]) {
        // A page of this kind is never remembered.
        const asked = await bus.readText({ ...query, before_id: BIG })
        expect(await bus.readText(query)).toBe(asked)
        expect(await bus.readText(query)).toBe(asked)
      }
    }
    await expectNewest()
    await postAll(bus)
    await expectNewest()
    await bus.call('messages.ack', { id: 6, sender: 'bob' })
    await expectNewest()
    await bus.post('plain')
    await bus.sweep(2)
    await expectNewest()
    expect(await bus.call('messages.read', {})).toMatchObject({
      messages: [{ id: 7 }, { id: 6 }, { id: 5 }],
      head_id: 7,
    })
  })

  it('reaches back to the cursor, also where the newest ones are remembered', async () => {
    const bus = await openBus(createPath())
    for (let count = 0; count < 6; count += 1) await bus.post('plain')
    for (const query of [{ limit: 2 }, { limit: 2 }, { topic: 'plain', limit: 2 }, { topic: 'plain', limit: 2 }]) {
      await bus.readText(query)
    }
    for (const since_id of [0, 1, 2, 3, 4, 5, 6]) {
      const ids = [1, 2, 3, 4, 5, 6].filter((id) => id > since_id).map((id) => ({ id }))
      expect(await bus.call('messages.read', { since_id })).toMatchObject({ messages: ids })
      expect(await bus.call('messages.read', { since_id, topic: 'plain' })).toMatchObject({ messages: ids })
    }
  })

  it('that began with all that there was is whole until it is too long to be remembered', async () => {
    const bus = await openBus(createPath())
    for (const _ of [1, 2, 3]) await bus.readText({ topic: 'plain' })
    await Promise.all(Array.from({ length: 600 }, () => bus.post('plain')))
    const { messages } = JSON.parse(await bus.readText({ topic: 'plain', since_id: 0, limit: 500 }))
    expect([messages.length, messages[0].id, messages[499].id]).toEqual([500, 1, 500])
    const newest = JSON.parse(await bus.readText({ topic: 'plain', limit: 500 }))
    expect([newest.messages.length, newest.messages[0].id, newest.messages[499].id]).toEqual([500, 600, 101])
  })
})
