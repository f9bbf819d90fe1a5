import { describe, expect, it } from 'vitest'
import { startFakeServer } from '../../test/support/fake-server.ts'
import { BusApiError, BusUnreachable, createBusClient } from './index.ts'

const claim = { lane: 'feeds', owner: 'ann', lease_s: 60 }
const granted = { ok: true, decision: 'claim', lane: { name: 'feeds' }, lease_s: 60 }
const held = { detail: "lane 'feeds' held by 'bob'", code: 'lane_held', lane: { name: 'feeds' } }

type Answer = readonly [status: number, body: object] | 'cut'

/** A server that answers so, one after the other, and the last one again and again. Tells how long it was asked to wait. */
async function startAnswering(answers: readonly Answer[]) {
  const waits: number[] = []
  const { baseUrl } = await startFakeServer(async (request, response) => {
    const answer = answers[Math.min(waits.length, answers.length - 1)] ?? 'cut'
    let text = ''
    for await (const chunk of request) text += chunk
    waits.push(JSON.parse(text).wait_s)
    if (answer === 'cut') return request.socket.destroy()
    response.writeHead(answer[0], { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer[1]))
  })
  return { waits, client: createBusClient({ baseUrl }) }
}

describe('a claim that waits', () => {
  it.each<[string, Answer]>([
    ['says that it ends', [409, { ...held, retry_after_ms: 0 }]],
    ['is cut off', 'cut'],
  ])('goes on for the rest of its time at the next bus when its own %s', async (_, ended) => {
    const { waits, client } = await startAnswering([ended, ended, [200, granted]])
    expect(await client.lanes.claim({ ...claim, wait_s: 30 })).toEqual(granted)
    expect(waits).toHaveLength(3)
    expect(waits[0]).toBe(30)
    expect(waits[1]).toBeLessThan(29.9)
    expect(waits[2]).toBeLessThan(waits[1] ?? 0)
  })

  it('goes on past a bus that stops taking writes, once its own has ended', async () => {
    const away = [503, { detail: 'the bus is stopping', code: 'store_unavailable' }] as const
    const { waits, client } = await startAnswering([[409, { ...held, retry_after_ms: 0 }], away, [200, granted]])
    expect(await client.lanes.claim({ ...claim, wait_s: 30 })).toEqual(granted)
    expect(waits).toHaveLength(3)
    const alone = await startAnswering([away])
    await expect(alone.client.lanes.claim({ ...claim, wait_s: 30 })).rejects.toThrow(BusApiError)
    expect(alone.waits).toHaveLength(1)
  })

  it('ends with its time, with what was heard last', async () => {
    const { waits, client } = await startAnswering(['cut'])
    await expect(client.lanes.claim({ ...claim, wait_s: 0.6 })).rejects.toThrow(BusUnreachable)
    expect(waits).toHaveLength(3)
  })

  it('is refused at once in all other cases', async () => {
    const refused = await startAnswering([[409, { ...held, retry_after_ms: 20_000 }]])
    await expect(refused.client.lanes.claim({ ...claim, wait_s: 30 })).rejects.toThrow(BusApiError)
    expect(refused.waits).toHaveLength(1)
    const patient = await startAnswering(['cut'])
    await expect(patient.client.lanes.claim(claim)).rejects.toThrow(BusUnreachable)
    expect(patient.waits).toHaveLength(1)
    const named = await startAnswering([[409, { ...held, retry_after_ms: 0 }]])
    await expect(named.client.lanes.claim({ ...claim, wait_s: 30 }, { idempotencyKey: 'mine' })).rejects.toThrow()
    expect(named.waits).toHaveLength(1)
  })

  it('does not wait for a bus that was never there', async () => {
    const client = createBusClient({ baseUrl: 'http://127.0.0.1:9/api/bus' })
    const beganAt = performance.now()
    await expect(client.lanes.claim({ ...claim, wait_s: 30 })).rejects.toThrow(BusUnreachable)
    expect(performance.now() - beganAt).toBeLessThan(5_000)
  })

  it('ends at once when whoever waits has gone', async () => {
    const { waits, client } = await startAnswering(['cut'])
    const leaving = new AbortController()
    const claimed = client.lanes.claim({ ...claim, wait_s: 30 }, { signal: leaving.signal })
    setTimeout(() => leaving.abort(), 300)
    await expect(claimed).rejects.toThrow()
    expect(waits.length).toBeLessThanOrEqual(2)
  })
})
