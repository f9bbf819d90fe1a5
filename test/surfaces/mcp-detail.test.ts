import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { mcpWays } from '../support/mcp.ts'

const LONG = 'x'.repeat(5_000)

describe.each(mcpWays)('detail over $transport in the $era era', ({ connect }) => {
  it('is concise unless it is asked for: without what says nothing, long bodies cut', async () => {
    const bus = await startTestBus()
    const { call } = await connect({ bus, agentId: 'planner' })
    await bus.client.messages.post({ topic: 'converge', sender: 'ann', body: 'short' })
    const { ts } = await bus.client.messages.post({ topic: 'converge', sender: 'ann', body: LONG, action_flag: true })
    const { messages, more, next_since_id, head_id, epoch } = (await call('read_messages')).fields
    expect({ messages, more, next_since_id, head_id, epoch }).toEqual({
      messages: [
        {
          id: 2,
          topic: 'converge',
          sender: 'ann',
          body: `${'x'.repeat(1_000)}…`,
          body_length: 5_000,
          action_flag: true,
          ts,
        },
        { id: 1, topic: 'converge', sender: 'ann', body: 'short', ts: expect.any(String) },
      ],
      more: false,
      next_since_id: 2,
      head_id: 2,
      epoch: undefined,
    })
  })

  it('is everything with full, as the bus has it', async () => {
    const bus = await startTestBus()
    const { call } = await connect({ bus, agentId: 'planner' })
    await bus.client.messages.post({ topic: 'converge', sender: 'ann', body: LONG })
    await bus.client.lanes.claim({ lane: 'feeds', owner: 'ann' })
    const read = await call('read_messages', { detail: 'full' })
    expect(read.fields).toMatchObject(await bus.client.messages.read({}))
    const { active_lanes } = await bus.client.status.get({})
    const full = await call('get_bus_status', { detail: 'full' })
    expect(full.fields.active_lanes).toEqual([{ ...active_lanes[0], expires_in_ms: expect.any(Number) }])
    const concise = await call('get_bus_status')
    expect(concise.fields.active_lanes).toEqual([
      { name: 'feeds', state: 'held', owner: 'ann', fence: 1, expires_in_ms: expect.any(Number), waiters: 0 },
    ])
  })

  it('is named when it is neither', async () => {
    const { call } = await connect({ bus: await startTestBus(), agentId: 'planner' })
    const { error } = await call('read_messages', { detail: 'all' })
    expect(error).toMatchObject({
      type: 'invalid_arguments',
      errors: [{ path: 'detail', message: 'detail must be concise or full' }],
    })
  })

  it('goes back page by page with before_id while there is more', async () => {
    const bus = await startTestBus()
    const { call } = await connect({ bus, agentId: 'planner' })
    for (let n = 1; n <= 25; n += 1) await bus.client.messages.post({ topic: 't', sender: 'ann', body: `${n}` })
    const first = await call('read_messages', { topic: 't' })
    expect(first.fields).toMatchObject({ more: true, messages: { length: 20, 19: { id: 6 } } })
    const second = await call('read_messages', { topic: 't', before_id: 6 })
    expect(second.fields).toMatchObject({ more: false, messages: { length: 5, 4: { id: 1 } } })
    const third = await call('read_messages', { since_id: 0, limit: 25 })
    expect(third.fields).toMatchObject({ more: false, next_since_id: 25 })
    const part = await call('read_messages', { since_id: 0, limit: 24 })
    expect(part.fields).toMatchObject({ more: true, next_since_id: 24 })
  })
})
