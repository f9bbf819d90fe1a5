import { describe, expect, it } from 'vitest'
import { startFakeServer } from '../../test/support/fake-server.ts'
import { BusApiError, createBusClient } from './index.ts'

const hello = { topic: 'converge', sender: 'ann', body: 'hello' }
const posted = { id: 7, ...hello, action_flag: false, ts: '2026-01-31T12:00:00.000Z' }
const unknown = { detail: 'the connection to the database broke off', code: 'store_unavailable', outcome_unknown: true }

/** A server that answers so, one after the other, and the last one again and again. Tells under which keys it was asked. */
async function startAnswering(answers: readonly (readonly [number, object])[], server = 'bus-mcp/0.2.0') {
  const keys: unknown[] = []
  const { baseUrl } = await startFakeServer((request, response) => {
    const [status, body] = answers[Math.min(keys.length, answers.length - 1)] ?? [500, {}]
    keys.push(request.headers['idempotency-key'])
    request.resume()
    response.writeHead(status, { 'content-type': 'application/json', server })
    response.end(JSON.stringify(body))
  })
  return { keys, client: createBusClient({ baseUrl }) }
}

describe('a change of which the bus itself does not know whether it made it', () => {
  it('is asked for again under the same key, until the bus knows', async () => {
    const lost = [503, { ...unknown, retry_after_ms: 5 }] as const
    const { keys, client } = await startAnswering([lost, lost, [200, posted]])
    expect(await client.messages.post(hello)).toEqual(posted)
    expect(keys).toHaveLength(3)
    expect(new Set(keys).size).toBe(1)
  })

  it('is told as unknown when the bus never knows', async () => {
    const { keys, client } = await startAnswering([[503, { ...unknown, retry_after_ms: 5 }]])
    await expect(client.messages.post(hello)).rejects.toMatchObject({
      statusCode: 503,
      body: { outcome_unknown: true },
    })
    expect(keys).toHaveLength(4)
  })

  it('is left to whoever named the key', async () => {
    const { keys, client } = await startAnswering([[503, { ...unknown, retry_after_ms: 5 }]])
    await expect(client.messages.post(hello, { idempotencyKey: 'mine' })).rejects.toThrow(BusApiError)
    expect(keys).toEqual(['mine'])
  })

  it('is not asked for again when nothing was changed, nor when the bus does not say when, nor of one that knows no keys', async () => {
    const refused = await startAnswering([[503, { detail: 'nothing was changed', retry_after_ms: 5 }]])
    await expect(refused.client.messages.post(hello)).rejects.toThrow(BusApiError)
    expect(refused.keys).toHaveLength(1)
    const broken = await startAnswering([[503, unknown]])
    await expect(broken.client.messages.post(hello)).rejects.toThrow(BusApiError)
    expect(broken.keys).toHaveLength(1)
    const old = await startAnswering([[503, { ...unknown, retry_after_ms: 5 }]], 'uvicorn')
    await expect(old.client.messages.post(hello)).rejects.toThrow(BusApiError)
    expect(old.keys).toHaveLength(1)
  })
})
