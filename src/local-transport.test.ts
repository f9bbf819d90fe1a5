import { describe, expect, it } from 'vitest'
import { startTestBus } from '../test/support/bus.ts'
import type { Inhabitants } from './app.ts'
import type { BusClient } from './client/index.ts'

const nobody: Inhabitants = { settle: async () => {}, live: () => {}, leave: async () => {} }

/** Starts a bus on which somebody acts before it listens. */
function startInhabited(
  settle: (client: BusClient) => Promise<void>,
  options: Parameters<typeof startTestBus>[0] = {},
) {
  return startTestBus({ ...options, inhabitants: { ...nobody, settle } })
}

describe('inhabitants of a bus', () => {
  it('act before it listens, and what they did is there for the first caller', async () => {
    const { client } = await startInhabited(async (inside) => {
      const { lane } = await inside.lanes.claim({ lane: 'feeds', owner: 'ann' })
      await inside.messages.post({ topic: 'converge', sender: 'ann', body: 'on it', lane: 'feeds', fence: lane.fence })
    })
    expect((await client.lanes.get({ lane: 'feeds' })).lane).toMatchObject({ state: 'held', owner: 'ann', fence: 1 })
    expect((await client.messages.read({ topic: 'converge' })).messages).toMatchObject([{ body: 'on it', fence: 1 }])
  })

  it('are answered and refused as callers over HTTP are', async () => {
    const seen: unknown[] = []
    const { client } = await startInhabited(async (inside) => {
      await inside.lanes.claim({ lane: 'feeds', owner: 'ann' })
      await inside.lanes.claim({ lane: 'feeds', owner: 'bob' }).catch((error: unknown) => seen.push(error))
      await inside.lanes.claim({ lane: '.', owner: 'bob' }).catch((error: unknown) => seen.push(error))
      seen.push(await inside.lanes.list({ state: 'held', limit: 1 }))
    })
    expect(seen).toMatchObject([
      { name: 'BusApiError', statusCode: 409, body: { code: 'lane_held', lane: { owner: 'ann' } } },
      { name: 'BusApiError', statusCode: 422, body: { code: 'invalid_request' } },
      { lanes: [{ name: 'feeds' }], next_after: null },
    ])
    await expect(client.lanes.claim({ lane: 'feeds', owner: 'bob' })).rejects.toMatchObject({
      body: { code: 'lane_held' },
    })
  })

  it('need no secret on an armed bus, for nobody else reaches them', async () => {
    const { client } = await startInhabited(
      async (inside) => {
        await inside.messages.post({ topic: 'converge', sender: 'ann', body: 'hello' })
      },
      { writeSecret: 'open sesame' },
    )
    expect((await client.messages.read({})).head_id).toBe(1)
  })

  it('end a wait of theirs by its signal, and keep no place in the queue', async () => {
    const leaving = new AbortController()
    let waiting: Promise<unknown> = Promise.resolve()
    const { client } = await startInhabited(async (inside) => {
      await inside.lanes.claim({ lane: 'feeds', owner: 'ann' })
      const wait = inside.lanes.claim({ lane: 'feeds', owner: 'bob', wait_s: 50 }, { signal: leaving.signal })
      waiting = wait.catch((error: unknown) => error)
    })
    await expect.poll(async () => (await client.lanes.get({ lane: 'feeds' })).lane.waiters).toBe(1)
    leaving.abort()
    expect(await waiting).toMatchObject({ name: 'BusApiError', statusCode: 499 })
    expect((await client.lanes.get({ lane: 'feeds' })).lane.waiters).toBe(0)
  })

  it('live from when it listens, and are waited for at its end', async () => {
    const told: string[] = []
    const bus = await startTestBus({
      inhabitants: {
        settle: async () => void told.push('settle'),
        live: () => void told.push('live'),
        leave: async () => void told.push('leave'),
      },
    })
    expect(told).toEqual(['settle', 'live'])
    await bus.close()
    expect(told).toEqual(['settle', 'live', 'leave'])
  })

  it('keep a bus from starting when they fail', async () => {
    const start = startInhabited(async () => {
      throw new Error('nobody came')
    })
    await expect(start).rejects.toThrow('nobody came')
  })
})
