import { describe, expect, it } from 'vitest'
import { VERSION } from '../../src/config.ts'
import { startTestBus } from '../support/bus.ts'
import { ask, connect, expectRefusal, post } from '../support/raw-http.ts'

const hello = { topic: 'converge', sender: 'session-A', body: 'lane merged' }

describe('every answer of the HTTP surface', () => {
  it('is JSON that nobody may store or guess the type of, and names its request', async () => {
    const { origin } = await startTestBus()
    for (const path of ['/api/bus/status', '/api/bus/messages', '/openapi.json', '/healthz', '/readyz', '/nowhere']) {
      const { headers, text } = await ask(origin, { path })
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(text)),
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      })
      expect(headers).not.toHaveProperty('access-control-allow-origin')
    }
  })

  it.each(['', '100-continue', '200-ok', '\u00ff'])('is the same to who expects %j of it', async (expected) => {
    const { origin } = await startTestBus()
    const answer = await ask(origin, post('/api/bus/message', hello, { expect: expected }))
    expect(answer).toMatchObject({ status: 200, fields: hello })
  })

  it('takes over a request id that is harmless, also into the history of a lane', async () => {
    const { origin, client } = await startTestBus()
    const claim = post('/api/bus/lanes/feeds/claim', { owner: 'session-A' }, { 'x-request-id': 'agent.7_a-B' })
    expect((await ask(origin, claim)).headers['x-request-id']).toBe('agent.7_a-B')
    const { events } = await client.lanes.history({ lane: 'feeds' })
    expect(events).toMatchObject([{ request_id: 'agent.7_a-B' }])
  })

  it.each([
    ['empty', ''],
    ['with a space', 'a b'],
    ['with a quote', 'a"b'],
    ['with markup', '<b>'],
    ['longer than 64 characters', 'x'.repeat(65)],
  ])('makes a request id of its own when the given one is %s', async (_, given) => {
    const { origin } = await startTestBus()
    const { headers } = await ask(origin, { path: '/healthz', headers: { 'x-request-id': given } })
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('HEAD', () => {
  it.each(['/api/bus/status', '/api/bus/messages?limit=1', '/healthz', '/openapi.json'])(
    'of %s answers with the headers of GET and no body',
    async (path) => {
      const { origin } = await startTestBus()
      const get = await ask(origin, { path })
      const head = await ask(origin, { method: 'HEAD', path })
      expect(head.status).toBe(200)
      expect(head.text).toBe('')
      expect(head.headers['content-length']).toBe(get.headers['content-length'])
    },
  )

  it('of a write is refused', async () => {
    const { origin } = await startTestBus()
    const { status, headers } = await ask(origin, { method: 'HEAD', path: '/api/bus/message' })
    expect(status).toBe(405)
    expect(headers.allow).toBe('POST')
  })
})

describe('the path of a request', () => {
  it.each([
    ['a broken escape', '%zz'],
    ['half an escape', 'feeds%'],
    ['bytes that are no UTF-8', '%ff%fe'],
    ['an encoded NUL', 'feeds%00'],
    ['an encoded slash', 'a%2Fb'],
    ['an encoded blank', 'a%20b'],
    ['an encoded dot-dot', '%2e%2e'],
    ['a twice encoded colon', 'a%253Ab'],
    ['nothing', ''],
  ])('with %s as the lane is refused with invalid_request', async (_, lane) => {
    const { origin, client, logged } = await startTestBus()
    const answer = await ask(origin, post(`/api/bus/lanes/${lane}/claim`, { owner: 'session-A' }))
    expectRefusal(answer, { status: 422, code: 'invalid_request' })
    expect(answer.fields.errors).toEqual([{ path: 'lane', message: expect.stringContaining('lane must be') }])
    expect((await client.lanes.list({})).lanes).toEqual([])
    expect(logged).toEqual([])
  })

  it('is matched whole: neither a prefix, nor a trailing slash, nor another case is a route', async () => {
    const { origin } = await startTestBus()
    for (const path of [
      '/panel',
      '/api/bus',
      '/api/bus/',
      '/api/bus/status/',
      '/api/bus/Status',
      '//api/bus/status',
      '/status',
    ]) {
      expectRefusal(await ask(origin, { path }), { status: 404, code: 'route_not_found' })
    }
  })

  it('is told in a 404 only in part when it is long', async () => {
    const { origin } = await startTestBus()
    const { fields } = await ask(origin, { path: `/${'x'.repeat(4000)}` })
    expect(fields.detail).toHaveLength('no route GET '.length + 81 + ' -- /openapi.json lists them all'.length)
  })
})

describe('the documents beside the API', () => {
  it('/healthz answers that the bus is alive, and its version', async () => {
    const { origin } = await startTestBus()
    expect(await ask(origin, { path: '/healthz' })).toMatchObject({
      status: 200,
      fields: { ok: true, version: VERSION },
    })
  })

  it('/readyz answers when the store takes a write', async () => {
    const { origin } = await startTestBus()
    const { status, fields } = await ask(origin, { path: '/readyz?verbose=1' })
    expect({ status, fields }).toEqual({
      status: 200,
      fields: { ok: true, durability: 'nothing is kept: the database is in memory' },
    })
  })

  it('/openapi.json answers with the document of this version', async () => {
    const { origin } = await startTestBus()
    expect((await ask(origin, { path: '/openapi.json' })).fields).toMatchObject({
      openapi: '3.1.0',
      info: { version: VERSION },
    })
  })

  it.each(['/healthz', '/readyz', '/openapi.json'])('%s is refused with another method than GET', async (path) => {
    const { origin } = await startTestBus()
    const answer = await ask(origin, post(path, {}))
    expectRefusal(answer, { status: 405, code: 'method_not_allowed' })
    expect(answer.headers.allow).toBe('GET')
  })
})

describe('a connection', () => {
  it('serves one request after another, a refused one among them', async () => {
    const { origin } = await startTestBus()
    const connection = await connect(origin)
    const body = JSON.stringify(hello)
    const send = (type: string) =>
      connection.write(
        `POST /api/bus/message HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      )
    send('application/json')
    await connection.until(/"id":1,/)
    send('text/plain')
    await connection.until(/json_required/)
    send('Application/JSON ; charset=UTF-8')
    await connection.until(/"id":2,/)
  })
})
