import { describe, expect, it } from 'vitest'
import { startTestBus, type TestBus } from '../support/bus.ts'
import { mcpWays } from '../support/mcp.ts'

const lane = 'feeds'

async function untilWaiting({ client }: TestBus, waiters: number) {
  while ((await client.lanes.get({ lane })).lane.waiters !== waiters) await new Promise((done) => setTimeout(done, 5))
}

describe.each(mcpWays)('waiting over $transport in the $era era', ({ connect }) => {
  it('claims a lane in its turn, and reads a message when it comes', async () => {
    const bus = await startTestBus()
    await bus.client.lanes.claim({ lane, owner: 'planner' })
    const { call } = await connect({ bus, agentId: 'builder' })
    const claiming = call('claim_lane', { lane, wait_s: 30 })
    await untilWaiting(bus, 1)
    await bus.client.lanes.release({ lane, owner: 'planner' })
    expect((await claiming).fields).toMatchObject({ ok: true, decision: 'claim', lane: { owner: 'builder' } })

    const reading = call('read_messages', { since_id: 0, wait_s: 30 })
    await bus.client.messages.post({ topic: 'converge', sender: 'planner', body: 'yours' })
    expect((await reading).fields).toMatchObject({ messages: [{ body: 'yours' }] })
  })
})

describe.each(mcpWays)('a wait over $transport in the $era era that is cancelled', ({ connect }) => {
  it('leaves the queue', async () => {
    const bus = await startTestBus()
    await bus.client.lanes.claim({ lane, owner: 'planner' })
    const { client } = await connect({ bus, agentId: 'builder' })
    const cancel = new AbortController()
    const params = { name: 'claim_lane', arguments: { lane, wait_s: 30 } }
    const claiming = client.callTool(params, { signal: cancel.signal }).catch(() => 'cancelled')
    await untilWaiting(bus, 1)
    cancel.abort()
    expect(await claiming).toBe('cancelled')
    await untilWaiting(bus, 0)
  })
})

describe('a client that asks for progress', () => {
  it('is told every ten seconds, in each era and over each transport, and so does not give the call up', async () => {
    const bus = await startTestBus()
    await bus.client.lanes.claim({ lane, owner: 'planner' })
    const waits = mcpWays.map(async ({ connect }) => {
      const told: number[] = []
      const { client } = await connect({ bus, agentId: 'builder' })
      const { isError } = await client.callTool(
        { name: 'claim_lane', arguments: { lane, wait_s: 11 } },
        { onprogress: ({ progress }) => told.push(progress) },
      )
      return { isError, told }
    })
    expect(await Promise.all(waits)).toEqual(mcpWays.map(() => ({ isError: true, told: [10] })))
  })
})
