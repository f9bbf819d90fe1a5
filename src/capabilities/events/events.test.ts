import { describe, expect, it } from 'vitest'
import { startTestBus } from '../../../test/support/bus.ts'
import { refusalOf } from '../../../test/support/refusal.ts'
import { NOON, startStillBus } from '../../../test/support/still-bus.ts'

const hello = { topic: 'converge', sender: 'ann', body: 'hello' }

/** A claim, a message, its acknowledgement and a release, in this order. */
async function startStory() {
  const client = await startStillBus()
  await client.lanes.claim({ lane: 'feeds', owner: 'ann', note: 'step 1' })
  await client.messages.post(hello)
  await client.messages.ack({ id: 1, sender: 'bob' })
  await client.lanes.release({ lane: 'feeds', owner: 'ann' })
  return client
}

describe('events.read', () => {
  it('tells messages, acknowledgements and changes of lanes in one sequence, oldest first', async () => {
    const { events, messages, lanes } = await startStory()
    const page = await events.read({ since_id: 0 })
    const message = await messages.get({ id: 1 })
    const { events: changes } = await lanes.history({ lane: 'feeds' })
    expect(page).toMatchObject({ next_since_id: 4, head_id: 4, epoch: expect.any(String) })
    expect(page.events).toEqual([
      { id: 1, kind: 'lane', at: NOON, lane: 'feeds', change: changes[1] },
      { id: 2, kind: 'message', at: NOON, message },
      { id: 3, kind: 'ack', at: NOON, message },
      { id: 4, kind: 'lane', at: NOON, lane: 'feeds', change: changes[0] },
    ])
  })

  it('goes on where the page before ended', async () => {
    const { events } = await startStory()
    const first = await events.read({ since_id: 0, limit: 3 })
    expect(first).toMatchObject({ next_since_id: 3, head_id: 4 })
    expect((await events.read({ since_id: first.next_since_id })).events).toMatchObject([{ id: 4 }])
  })

  it('begins with what comes from now on when no cursor is given', async () => {
    const { events, messages } = await startStory()
    const now = await events.read({})
    expect(now).toMatchObject({ events: [], next_since_id: 4 })
    await messages.post(hello)
    expect((await events.read({ since_id: now.next_since_id })).events).toMatchObject([{ id: 5, kind: 'message' }])
  })

  it.each([
    [{ kind: 'lane' }, [1, 4]],
    [{ kind: 'message' }, [2]],
    [{ kind: 'ack' }, [3]],
    [{ topic: 'other' }, []],
    [{ topic: 'converge' }, [2, 3]],
    [{ lane: 'feeds' }, [1, 4]],
    [{ lane: 'other', topic: 'converge' }, [2, 3]],
    [{ lane: 'feeds', topic: 'converge' }, [1, 2, 3, 4]],
    [{ topic: 'converge', kind: 'ack' }, [3]],
    [{ kind: 'lane', lane: 'feeds' }, [1, 4]],
  ] as const)('keeps to %o, and moves past the rest', async (filter, ids) => {
    const { events } = await startStory()
    const page = await events.read({ since_id: 0, ...filter })
    expect(page.events.map(({ id }) => id)).toEqual(ids)
    expect(page.next_since_id).toBe(4)
  })

  it('tells of a refused change nothing', async () => {
    const { events, lanes } = await startStory()
    await lanes.claim({ lane: 'feeds', owner: 'ann' })
    await refusalOf(lanes.claim({ lane: 'feeds', owner: 'bob' }))
    await lanes.release({ lane: 'never', owner: 'bob' })
    expect((await events.read({ since_id: 4 })).events).toMatchObject([{ id: 5, change: { event: 'claim' } }])
  })

  it('gives 20 changes at once 20 places without a gap', async () => {
    const { lanes, events } = await startStillBus()
    const names = Array.from({ length: 20 }, (_, index) => `lane-${index}`)
    await Promise.all(names.map((lane) => lanes.claim({ lane, owner: 'ann' })))
    const page = await events.read({ since_id: 0 })
    expect(page.events.map(({ id }) => id)).toEqual(names.map((_, index) => index + 1))
    expect(page.events.map(({ lane }) => lane).sort()).toEqual([...names].sort())
  })

  it('answers as soon as something fits, and sleeps through the rest', async () => {
    const { client } = await startTestBus()
    const waiting = client.events.read({ since_id: 0, kind: 'ack', wait_s: 20 })
    await client.messages.post(hello)
    await client.messages.ack({ id: 1, sender: 'bob' })
    expect(await waiting).toMatchObject({ events: [{ id: 2, kind: 'ack', message: { acked_by: 'bob' } }] })
  })

  it('answers with an empty list when the wait is over', async () => {
    const { client } = await startTestBus()
    expect(await client.events.read({ wait_s: 0.05 })).toMatchObject({ events: [], next_since_id: 0, head_id: 0 })
  })

  it('refuses with cursor_expired a cursor that is beyond the head: it is of another log', async () => {
    const { events } = await startStory()
    expect(await refusalOf(events.read({ since_id: 5 }))).toMatchObject({
      status: 410,
      code: 'cursor_expired',
      text: 'the newest event is 4, so since_id 5 is of another log -- begin again without since_id',
      body: { earliest_id: 1, head_id: 4, epoch: expect.any(String) },
    })
  })
})
