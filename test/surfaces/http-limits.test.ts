import { describe, expect, it } from 'vitest'
import { BusApiError, createBusClient } from '../../src/client/index.ts'
import { startTestBus } from '../support/bus.ts'
import { ask, connect, expectRefusal, post } from '../support/raw-http.ts'

const claim = post('/api/bus/lanes/feeds/claim', { owner: 'session-A' })

describe('the limit of connections', () => {
  it('refuses one too many with too_many_connections and Retry-After, and takes new ones when others have gone', async () => {
    const bus = await startTestBus({ maxConnections: 2 })
    const first = await connect(bus.origin)
    const second = await connect(bus.origin)
    // Both are accepted once the second one has its answer.
    second.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await second.until(/"ok":true/)
    const refused = await ask(bus.origin, claim)
    expectRefusal(refused, { status: 503, code: 'too_many_connections' })
    expect(refused.headers).toMatchObject({ 'retry-after': '1', connection: 'close' })
    first.socket.destroy()
    await expect.poll(async () => (await ask(bus.origin, claim)).status).toBe(200)
  })
})

describe('the limit of waits', () => {
  it('refuses one too many with too_many_waiting and Retry-After, takes those that do not wait, and forgets nobody', async () => {
    const { origin, client } = await startTestBus({ maxWaits: 1 })
    await client.lanes.claim({ lane: 'feeds', owner: 'holder' })
    const waiting = client.lanes.claim({ lane: 'feeds', owner: 'first', wait_s: 20 })
    await expect.poll(async () => (await client.status.get({}))._meta.waiting_count).toBe(1)

    const refusals = await Promise.all([
      ask(origin, post('/api/bus/lanes/feeds/claim', { owner: 'second', wait_s: 20 })),
      ask(origin, { path: '/api/bus/messages?wait_s=20&since_id=0' }),
      ask(origin, { path: '/api/bus/events?wait_s=20', headers: { accept: 'application/json' } }),
    ])
    for (const refused of refusals) {
      expectRefusal(refused, { status: 503, code: 'too_many_waiting' })
      expect(refused.headers['retry-after']).toBe('1')
    }
    // Whoever was refused is in no queue.
    expect((await client.status.get({}))._meta.waiting_count).toBe(1)
    expect((await ask(origin, { path: '/api/bus/messages' })).status).toBe(200)

    await client.lanes.release({ lane: 'feeds', owner: 'holder' })
    expect((await waiting).lane.owner).toBe('first')
    await client.messages.read({ wait_s: 0.01, since_id: 0 })
  })
})

describe('a stream of events', () => {
  it('is served also when nobody more may wait, and takes nobody’s place', async () => {
    const { origin, client } = await startTestBus({ maxWaits: 1 })
    const stream = await connect(origin)
    await client.lanes.claim({ lane: 'feeds', owner: 'holder' })
    const waiting = client.lanes.claim({ lane: 'feeds', owner: 'first', wait_s: 20 })
    await expect.poll(async () => (await client.status.get({}))._meta.waiting_count).toBe(1)
    stream.write('GET /api/bus/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n')
    await stream.until(/event: hello/)
    await client.lanes.release({ lane: 'feeds', owner: 'holder' })
    await waiting
    await stream.until(/event: lane/)
    await client.messages.read({ wait_s: 0.01, since_id: 0 })
  })
})

describe('the limit of requests that wait on one connection', () => {
  const next = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'

  it.each([
    [
      'a stream',
      'GET /api/bus/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n',
      /event: hello/,
    ],
    ['a wait', 'GET /api/bus/messages?wait_s=55&since_id=0 HTTP/1.1\r\nHost: localhost\r\n\r\n', /^/],
  ])('cuts off whoever sends on and on behind %s, and nobody else', async (_, endless, begun) => {
    const { origin } = await startTestBus()
    const other = await connect(origin)
    const hostile = await connect(origin)
    hostile.write(endless)
    await hostile.until(begun)
    for (let sent = 0; sent < 10_000 && !hostile.socket.destroyed; sent += 10) {
      hostile.write(next.repeat(10))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await hostile.untilClosed()).not.toContain('"ok":true')
    other.write(next)
    await other.until(/"ok":true/)
  })

  it('answers 64 behind one that waits, each in its turn, and takes as many again', async () => {
    const { origin } = await startTestBus()
    const connection = await connect(origin)
    for (const round of [1, 2]) {
      connection.write('GET /api/bus/messages?wait_s=0.3&since_id=0 HTTP/1.1\r\nHost: localhost\r\n\r\n')
      connection.write(
        `${next.repeat(63)}GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: last-${round}\r\n\r\n`,
      )
      const text = await connection.until(new RegExp(`x-request-id: last-${round}\r[^]*"ok":true`))
      expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(round * 65)
    }
  })
})

describe('the limit of streams', () => {
  it('refuses one too many with too_many_streams and Retry-After, and takes another when one has gone', async () => {
    const { origin } = await startTestBus({ maxStreams: 1 })
    const stream = await connect(origin)
    stream.write('GET /api/bus/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n')
    await stream.until(/event: hello/)
    const refused = await ask(origin, { path: '/api/bus/events', headers: { accept: 'text/event-stream' } })
    expectRefusal(refused, { status: 503, code: 'too_many_streams' })
    expect(refused.headers['retry-after']).toBe('1')
    expect((await ask(origin, { path: '/api/bus/events', headers: { accept: 'application/json' } })).status).toBe(200)

    stream.socket.destroy()
    await expect
      .poll(async () => {
        const next = await connect(origin)
        next.write('GET /api/bus/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n')
        const head = await next.until(/HTTP\/1\.1 \d+/)
        return head.slice(9, 12)
      })
      .toBe('200')
  })
})

describe('the rate limit', () => {
  it('refuses the third of a burst with rate_limited and Retry-After, and changes nothing then', async () => {
    const { origin } = await startTestBus({ rateLimit: 1 })
    const answers = []
    for (let request = 0; request < 3; request++) {
      answers.push(await ask(origin, post('/api/bus/message', { topic: 't', sender: 's', body: String(request) })))
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
    const [, , refused] = answers
    if (!refused) throw new Error('there is no third answer')
    expectRefusal(refused, { status: 429, code: 'rate_limited' })
    expect(refused.headers['retry-after']).toBe('1')
    expect(refused.fields.retry_after_ms).toBeGreaterThan(0)
    // What an operator's tools ask is not counted.
    for (const path of ['/healthz', '/readyz', '/metrics']) expect((await ask(origin, { path })).status, path).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, Number(refused.fields.retry_after_ms) + 50))
    expect((await ask(origin, { path: '/api/bus/messages' })).fields.messages).toMatchObject([
      { body: '1' },
      { body: '0' },
    ])
  })

  it('is none on this machine unless it is set', async () => {
    const { client } = await startTestBus()
    const asked = await Promise.all(Array.from({ length: 1_000 }, () => client.status.get({})))
    expect(asked).toHaveLength(1_000)
  })

  it('reaches a client as what it is', async () => {
    const { apiUrl } = await startTestBus({ rateLimit: 0.5 })
    const client = createBusClient({ baseUrl: apiUrl })
    await client.status.get({})
    const error = await client.status.get({}).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(BusApiError)
    expect(error).toMatchObject({ statusCode: 429, body: { code: 'rate_limited', retry_after_ms: expect.any(Number) } })
  })
})
