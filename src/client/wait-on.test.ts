import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { findClosedUrl, startFakeServer } from '../../test/support/fake-server.ts'
import { BusApiError, BusUnreachable, createBusClient } from './index.ts'

const claim = { lane: 'feeds', owner: 'ann', lease_s: 60 }
const granted = { ok: true, decision: 'claim', lane: { name: 'feeds' }, lease_s: 60 }
const held = { detail: "lane 'feeds' held by 'bob'", code: 'lane_held', lane: { name: 'feeds' } }

type Answer = readonly [status: number, body: object] | 'cut'

/** Where a wait has to be told from an address at which nobody waits. */
const WAITED_MS = 1_100

/**
 * A server that answers so, one after the other, and the last one again and again; `afterMs` later. Tells how long it was asked
 * to wait, and under which keys.
 *
 * @param server What it calls itself.
 */
async function startAnswering(answers: readonly Answer[], afterMs = 0, server = 'uvicorn') {
  const waits: number[] = []
  const keys = new Set<unknown>()
  const { baseUrl } = await startFakeServer(async (request, response) => {
    const answer = answers[Math.min(waits.length, answers.length - 1)] ?? 'cut'
    let text = ''
    for await (const chunk of request) text += chunk
    waits.push(JSON.parse(text).wait_s)
    keys.add(request.headers['idempotency-key'])
    if (afterMs > 0) await sleep(afterMs)
    if (answer === 'cut') return request.socket.destroy()
    response.writeHead(answer[0], { 'content-type': 'application/json', server })
    response.end(JSON.stringify(answer[1]))
  })
  return { waits, keys, client: createBusClient({ baseUrl }) }
}

const ended: Answer = [409, { ...held, retry_after_ms: 0 }]

describe('a claim that waits', () => {
  it.each<[string, Answer]>([
    ['says that it ends', ended],
    ['is cut off', 'cut'],
    ['is away behind a proxy', [502, { detail: 'bad gateway' }]],
  ])(
    'goes on for the rest of its time at the next bus when its own %s, with a new key, for what it had granted begins anew',
    async (_, answer) => {
      const { waits, keys, client } = await startAnswering([answer, answer, [200, granted]], WAITED_MS)
      expect(await client.lanes.claim({ ...claim, wait_s: 30 })).toEqual(granted)
      expect(waits).toHaveLength(3)
      expect(waits[0]).toBeGreaterThan(29.9)
      expect(waits[1]).toBeLessThan(29)
      expect(waits[2]).toBeLessThan((waits[1] ?? 0) - 1)
      expect(keys.size).toBe(3)
    },
  )

  it('goes on at once where a bus has answered before, also when that breaks off at once', async () => {
    const { waits, client } = await startAnswering([[200, granted], 'cut', [200, granted]], 0, 'bus-mcp/0.2.0')
    await client.lanes.claim(claim)
    expect(await client.lanes.claim({ ...claim, wait_s: 30 })).toEqual(granted)
    expect(waits).toHaveLength(3)
  })

  it('goes on past whatever is heard of buses that end, begin and have everybody back at once', async () => {
    const away = [429, 502, 503, 504].map((status): Answer => [status, { detail: 'later' }])
    const { waits, client } = await startAnswering([ended, ...away, [200, granted]])
    expect(await client.lanes.claim({ ...claim, wait_s: 30 })).toEqual(granted)
    expect(waits).toHaveLength(6)
  })

  it('asks no sooner than it is told to', async () => {
    const busy: Answer = [503, { detail: 'later', code: 'too_many_waiting', retry_after_ms: 700 }]
    const { client } = await startAnswering([ended, busy, [200, granted]])
    const beganAt = performance.now()
    await client.lanes.claim({ ...claim, wait_s: 30 })
    expect(performance.now() - beganAt).toBeGreaterThan(900)
  })

  it('ends with its time, with what was heard last, and with the outcome as unknown when it ever was', async () => {
    const { waits, client } = await startAnswering(['cut', [503, { detail: 'nothing was changed' }]], WAITED_MS)
    await expect(client.lanes.claim({ ...claim, wait_s: 1.9 })).rejects.toMatchObject({
      statusCode: 503,
      body: { outcome_unknown: true },
    })
    expect(waits).toHaveLength(2)
    const behindProxy = await startAnswering([[502, { detail: 'bad gateway' }]], WAITED_MS)
    await expect(behindProxy.client.lanes.claim({ ...claim, wait_s: 1.2 })).rejects.toMatchObject({
      statusCode: 502,
      body: { outcome_unknown: true },
    })
    const told = await startAnswering(['cut', [409, { ...held, retry_after_ms: 20_000 }]], WAITED_MS)
    const refusal = await told.client.lanes.claim({ ...claim, wait_s: 30 }).catch((error: BusApiError) => error.body)
    expect(refusal).toEqual({ ...held, retry_after_ms: 20_000 })
  })

  it.each<[string, Answer]>([
    ['refused by a holder', [409, { ...held, retry_after_ms: 20_000 }]],
    ['told that a tenure of its own is over', [409, { ...held, code: 'lease_lost', retry_after_ms: 0 }]],
    ['refused by a full bus', [503, { detail: 'full', code: 'too_many_waiting', retry_after_ms: 5 }]],
    ['cut off before anybody can have waited', 'cut'],
  ])('is not asked for again when it is %s', async (_, answer) => {
    const { waits, client } = await startAnswering([answer])
    await expect(client.lanes.claim({ ...claim, wait_s: 30 })).rejects.toThrow()
    expect(waits).toHaveLength(1)
  })

  it('is left to whoever named the key', async () => {
    const { waits, client } = await startAnswering([ended])
    await expect(client.lanes.claim({ ...claim, wait_s: 30 }, { idempotencyKey: 'mine' })).rejects.toThrow(BusApiError)
    expect(waits).toEqual([30])
  })

  it('does not wait for a bus that was never there', async () => {
    const client = createBusClient({ baseUrl: await findClosedUrl() })
    const beganAt = performance.now()
    await expect(client.lanes.claim({ ...claim, wait_s: 30 })).rejects.toThrow(BusUnreachable)
    expect(performance.now() - beganAt).toBeLessThan(10_000)
  })

  it('ends at once when whoever waits has gone', async () => {
    const { waits, client } = await startAnswering([ended, [503, { detail: 'later', retry_after_ms: 20_000 }]])
    const leaving = new AbortController()
    const claimed = client.lanes.claim({ ...claim, wait_s: 30 }, { signal: leaving.signal })
    setTimeout(() => leaving.abort(), 800)
    await expect(claimed).rejects.toThrow(BusUnreachable)
    expect(waits.length).toBeLessThanOrEqual(2)
  })

  it('waits longer than one call may, call by call', async () => {
    const refused: Answer = [409, { ...held, retry_after_ms: 90_000 }]
    const { waits, keys, client } = await startAnswering([refused, refused, [200, granted]])
    const asked: number[] = []
    const onAsk = () => asked.push(performance.now())
    expect(await client.lanes.claim(claim, { waitSeconds: 3_600, onAsk })).toEqual(granted)
    expect(waits).toEqual([50, 50, 50])
    expect([keys.size, asked.length]).toEqual([3, 3])
  })
})
