import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/support/bus.ts'
import { type OldBusOptions, startOldBus } from '../../test/support/old-bus.ts'
import { BusApiError, createBusClient } from './index.ts'

async function startOld(options: OldBusOptions = {}, writeSecret?: string) {
  const bus = await startOldBus(options)
  return { bus, client: createBusClient({ baseUrl: bus.apiUrl, writeSecret }) }
}

describe('the client with the first bus', () => {
  it('posts and reads', async () => {
    const { client } = await startOld()
    const posted = await client.messages.post({ topic: 'converge', sender: 'session-A', body: 'é' })
    expect(posted).toEqual({
      id: 1,
      topic: 'converge',
      sender: 'session-A',
      body: 'é',
      action_flag: false,
      ts: expect.stringMatching(/\+00:00$/),
    })
    await client.messages.post({ topic: 'other', sender: 'session-A', body: 'x', action_flag: true })
    expect(await client.messages.read({ topic: 'converge', limit: 5 })).toEqual({ messages: [posted] })
  })

  it('has its filters that the first bus does not know ignored, and gets everything', async () => {
    const { client, bus } = await startOld()
    for (const body of ['a', 'b']) await client.messages.post({ topic: 'converge', sender: 'session-A', body })
    expect((await client.messages.read({ since_id: 1, flagged: true })).messages).toHaveLength(2)
    expect(bus.requests.at(-1)?.url).toBe('/api/bus/messages?since_id=1&flagged=true')
  })

  it('claims, keeps, loses, takes over and releases a lane', async () => {
    const clock = createFakeClock()
    const { client } = await startOld({ now: clock.now })
    const lane = { lane: 'feeds', owner: 'session-A' }
    expect(await client.lanes.claim({ ...lane, lease_s: 120, note: 'new field' })).toMatchObject({
      ok: true,
      decision: 'claim',
      lane: { lane: 'feeds', owner: 'session-A' },
      lease_s: 120,
    })
    expect((await client.lanes.claim({ ...lane, lease_s: 120 })).decision).toBe('renew')
    expect((await client.lanes.heartbeat({ ...lane, lease_s: 120 })).decision).toBe('heartbeat')
    const other = { lane: 'feeds', owner: 'other' }
    await expect(client.lanes.claim(other)).rejects.toMatchObject({
      statusCode: 409,
      message: "lane 'feeds' held by 'session-A' (lease 120s remaining)",
      body: { detail: "lane 'feeds' held by 'session-A' (lease 120s remaining)" },
    })
    await expect(client.lanes.release(other)).rejects.toThrow("lane 'feeds' held live by another owner")
    clock.advance(120_000)
    await expect(client.lanes.heartbeat(lane)).rejects.toThrow(
      "lane 'feeds' not held live by 'session-A' -- claim it instead",
    )
    expect((await client.status.get({})).orphaned_claims).toHaveLength(1)
    expect((await client.lanes.claim(other)).decision).toBe('steal')
    expect((await client.lanes.release(other)).decision).toBe('released')
    expect((await client.status.get({})).active_lanes).toEqual([])
  })

  it('sends the secret that an armed one asks for', async () => {
    const { bus, client } = await startOld({ writeSecret: 'secret' }, 'secret')
    expect((await client.lanes.claim({ lane: 'feeds', owner: 'a' })).decision).toBe('claim')
    const stranger = createBusClient({ baseUrl: bus.apiUrl })
    await expect(stranger.lanes.claim({ lane: 'feeds', owner: 'a' })).rejects.toMatchObject({
      statusCode: 401,
      message: 'missing or invalid X-Bus-Secret',
    })
    expect((await stranger.status.get({})).active_lanes).toHaveLength(1)
  })

  it('tells a refused field, and a route that it does not have', async () => {
    const { client } = await startOld()
    const error = await client.lanes.claim({ lane: 'feeds', owner: '' }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(BusApiError)
    expect(error).toMatchObject({ statusCode: 422, message: expect.stringContaining('"loc":["body","owner"]') })
    await expect(client.lanes.claim({ lane: 'a:b', owner: 'a' })).rejects.toMatchObject({ statusCode: 422 })
    for (const call of [
      client.lanes.list({}),
      client.messages.get({ id: 1 }),
      client.lanes.history({ lane: 'feeds' }),
    ]) {
      await expect(call).rejects.toMatchObject({ statusCode: 404, body: { detail: 'Not Found' } })
    }
  })
})
