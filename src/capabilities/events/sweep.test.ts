import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openDirectBus } from '../../../test/correctness/direct-bus.ts'
import { createFakeClock, startTestBus } from '../../../test/support/bus.ts'
import type { Settings } from '../../core/context.ts'
import { sweep } from './sweep.ts'

const MINUTE = 60_000

async function openBus() {
  const clock = createFakeClock()
  const bus = await openDirectBus({ path: ':memory:', createClock: () => clock.now, minLeaseMs: 1, maxLeaseMs: 1e9 })
  onTestFinished(bus.close)
  const call = async (id: string, input: object) => (await bus.call(id, input)).body
  return {
    clock,
    call: bus.call,
    post: (body: string, more: object = {}) => call('messages.post', { topic: 't', sender: 'ann', body, ...more }),
    status: () => call('status.get', {}),
    sweep: (settings: Partial<Settings>) =>
      sweep({ ...bus.context, settings: { ...bus.context.settings, ...settings } }),
  }
}

/** A message a minute, from `m1` on. */
async function startFilled(count: number) {
  const bus = await openBus()
  for (let index = 1; index <= count; index += 1) {
    await bus.post(`m${index}`)
    bus.clock.advance(MINUTE)
  }
  return bus
}

describe('the sweep of the log', () => {
  it('drops nothing while no setting asks for it', async () => {
    const { sweep: run, call } = await startFilled(5)
    await run({})
    expect(await call('messages.read', { since_id: 0 })).toMatchObject({ body: { messages: { length: 5 } } })
  })

  it('drops messages, events and words that are older than their time, and no id comes again', async () => {
    const { sweep: run, call, post } = await startFilled(5)
    await call('messages.read', { search: 'm1' })
    await run({ retainMs: 2.5 * MINUTE })
    expect(await call('messages.read', {})).toMatchObject({ body: { messages: [{ body: 'm5' }, { body: 'm4' }] } })
    expect(await call('messages.read', { since_id: 3 })).toMatchObject({
      status: 200,
      body: { messages: { length: 2 } },
    })
    expect(await call('events.read', { since_id: 3 })).toMatchObject({ status: 200, body: { events: { length: 2 } } })
    expect(await call('messages.read', { search: 'm1' })).toMatchObject({ body: { messages: [] } })
    expect(await call('messages.get', { id: 3 })).toMatchObject({ status: 404 })
    await run({ retainMs: 0 })
    expect(await post('m6')).toMatchObject({ id: 6 })
  })

  it('keeps the newest so many messages, and what happened meanwhile', async () => {
    const { sweep: run, call, clock } = await openBus()
    for (let index = 1; index <= 6; index += 1) {
      await call('messages.post', { topic: 't', sender: 'ann', body: `m${index}` })
      await call('lanes.claim', { lane: 'feeds', owner: 'ann' })
      clock.advance(1)
    }
    await run({ retainMessages: 2 })
    const page = await call('events.read', { since_id: 8 })
    expect(page).toMatchObject({ body: { events: [{ id: 9 }, { id: 10 }, { id: 11 }, { id: 12 }], head_id: 12 } })
    expect(await call('events.read', { since_id: 7 })).toMatchObject({ status: 410 })
    expect(await call('lanes.history', { lane: 'feeds' })).toMatchObject({ body: { events: [{ rev: 6 }, { rev: 5 }] } })
    expect(await call('lanes.get', { lane: 'feeds' })).toMatchObject({ body: { lane: { fence: 1, state: 'held' } } })
  })

  it('keeps a flagged message until somebody has acknowledged it', async () => {
    const { sweep: run, call, post, clock, status } = await openBus()
    await post('act!', { action_flag: true })
    await post('talk')
    clock.advance(MINUTE)
    await run({ retainMs: 1 })
    expect(await status()).toMatchObject({ pending_action_flags: [{ id: 1 }], _meta: { message_count: 1 } })
    expect(await call('messages.get', { id: 1 })).toMatchObject({ status: 200 })
    await call('messages.ack', { id: 1, sender: 'op' })
    clock.advance(MINUTE)
    await run({ retainMs: 1 })
    expect(await call('messages.get', { id: 1 })).toMatchObject({ status: 404 })
    expect(await status()).toMatchObject({ pending_action_flags: [], _meta: { message_count: 0 } })
  })

  it('drops any number at one time', async () => {
    const { sweep: run, call, post, clock } = await openBus()
    await Promise.all(Array.from({ length: 1_050 }, (_, index) => post(`m${index}`)))
    clock.advance(MINUTE)
    await run({ retainMs: 1 })
    expect(await call('messages.read', {})).toMatchObject({ body: { messages: [], head_id: 1_050 } })
  })

  it('goes on by itself, by the settings of the bus', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const { client } = await startTestBus({ retainMessages: 1 })
    for (const body of ['one', 'two', 'three']) {
      const { ts } = await client.messages.post({ topic: 't', sender: 'ann', body })
      while (new Date(ts).getTime() === Date.now()) await client.status.get({})
    }
    await vi.advanceTimersByTimeAsync(MINUTE)
    while ((await client.messages.read({})).messages.length > 1) await client.status.get({})
    expect((await client.messages.read({})).messages).toMatchObject([{ body: 'three' }])
  })
})

describe('messages.read', () => {
  it('goes back with before_id to what is left, and finds nothing before it', async () => {
    const { sweep: run, call } = await startFilled(5)
    await run({ retainMs: 2.5 * MINUTE })
    expect(await call('messages.read', { before_id: 5 })).toMatchObject({
      status: 200,
      body: { messages: [{ id: 4 }] },
    })
    expect(await call('messages.read', { before_id: 2 })).toMatchObject({ status: 200, body: { messages: [] } })
  })

  it('refuses with cursor_expired a cursor before what is left, and says where to go on', async () => {
    const { sweep: run, call } = await startFilled(5)
    await run({ retainMs: 2.5 * MINUTE })
    expect(await call('messages.read', { since_id: 2 })).toMatchObject({
      status: 410,
      body: {
        code: 'cursor_expired',
        detail:
          'messages up to 3 have been dropped, but for flagged ones that still pend -- go on with since_id 3, and know that there is a gap',
        earliest_id: 4,
        head_id: 5,
        epoch: expect.any(String),
      },
    })
  })
})

describe('events.read', () => {
  it('refuses with cursor_expired a cursor before what is left', async () => {
    const { sweep: run, call } = await startFilled(5)
    await run({ retainMs: 2.5 * MINUTE })
    expect(await call('events.read', { since_id: 0 })).toMatchObject({
      status: 410,
      body: { code: 'cursor_expired', earliest_id: 4 },
    })
  })
})
