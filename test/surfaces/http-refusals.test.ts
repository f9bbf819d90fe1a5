import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { ask, expectRefusal, type RawRequest } from '../support/raw-http.ts'
import {
  conflicts,
  describeState,
  hello,
  named,
  type Refusal,
  reads,
  refusals,
  SECRET,
  startRefusingBus,
  write,
  writes,
} from '../support/refusals.ts'

describe('the HTTP surface', () => {
  it.each(named(refusals))('refuses %s, and changes nothing', async (_, refusal) => {
    await expectRefused(refusal)
  })

  it.each(conflicts)(
    'tells who is refused $operation $when how the lane stands, and when to try again',
    async (row) => {
      const bus = await startRefusingBus()
      const { headers, fields } = await ask(bus.origin, row.request)
      const name = /lanes\/(\w+)\//.exec(row.request.path)?.[1]
      const { lanes } = await bus.client.lanes.list({})
      const lane = lanes.find((one) => one.name === name) ?? expect.objectContaining({ name, state: 'free', fence: 0 })
      expect(fields.lane).toEqual(lane)
      expect(fields.retry_after_ms).toBe(row.retryAfterMs)
      expect(headers['retry-after']).toBe(String(row.retryAfterMs / 1000))
    },
  )

  it.each([
    ['POST', '/api/bus/status', 'GET'],
    ['POST', '/api/bus/messages', 'GET'],
    ['GET', '/api/bus/message', 'POST'],
    ['PUT', '/api/bus/message', 'POST'],
    ['DELETE', '/api/bus/messages/1', 'GET'],
    ['GET', '/api/bus/messages/1/ack', 'POST'],
    ['DELETE', '/api/bus/lanes/feeds', 'GET'],
    ['GET', '/api/bus/lanes/feeds/claim', 'POST'],
    ['PATCH', '/api/bus/lanes/feeds/heartbeat', 'POST'],
    ['OPTIONS', '/api/bus/lanes/feeds/release', 'POST'],
  ])('refuses %s %s with 405, and says that %s is allowed', async (method, path, allowed) => {
    const { headers, fields } = await expectRefused({
      status: 405,
      code: 'method_not_allowed',
      request: { method, path },
    })
    expect(headers.allow).toBe(allowed)
    expect(fields.detail).toContain(`use ${allowed}`)
  })

  it.each([
    ['GET', '/api/bus'],
    ['POST', '/api/bus/lanes/feeds/steal'],
    ['POST', '/api/bus/lanes/a/b/claim'],
    ['GET', '/api/bus/../../etc/passwd'],
    ['GET', '/%'],
  ])('refuses %s %s with 404 route_not_found', async (method, path) => {
    await expectRefused({ status: 404, code: 'route_not_found', request: { method, path } })
  })
})

describe('an armed bus', () => {
  it.each(Object.entries(reads))('answers %s without the secret', async (_, path) => {
    const { origin } = await startRefusingBus()
    expect(await ask(origin, { path: `/api/bus${path}` })).toMatchObject({ status: 200 })
    expect(await ask(origin, { path: `/api/bus${path}`, headers: { 'x-bus-secret': 'wrong' } })).toMatchObject({
      status: 200,
    })
  })

  it.each(Object.entries(writes))('carries %s out with the secret', async (_, { path, body }) => {
    const bus = await startRefusingBus()
    await bus.client.lanes.claim({ lane: 'own', owner: 'session-A' })
    expect(await ask(bus.origin, write(path, body))).toMatchObject({ status: 200 })
  })

  it('asks for the secret before it looks at what is written', async () => {
    const { origin } = await startRefusingBus()
    const request: RawRequest = {
      method: 'POST',
      path: '/api/bus/message',
      body: '{',
      headers: { 'content-type': 'x' },
    }
    expectRefusal(await ask(origin, request), { status: 401, code: 'write_secret_required' })
  })

  it('never shows the secret, neither in an answer nor in its log', async () => {
    const { origin, logged } = await startRefusingBus()
    const paths = ['/api/bus/status', '/openapi.json', '/healthz', '/readyz']
    const texts = await Promise.all(paths.map(async (path) => (await ask(origin, { path })).text))
    expect([...texts, ...logged].join()).not.toContain(SECRET)
  })
})

describe('a bus that is not armed', () => {
  it('carries writes out with any secret or none', async () => {
    const { origin } = await startTestBus()
    for (const secret of [undefined, '', 'any']) {
      const answer = await ask(origin, write('/message', hello, { 'x-bus-secret': secret }))
      expect(answer).toMatchObject({ status: 200 })
    }
  })
})

describe('the admission of a request', () => {
  it.each([
    ['127.0.0.1'],
    ['127.0.0.1:8100'],
    ['localhost'],
    ['LocalHost:1'],
    ['[::1]'],
    ['[::1]:8100'],
    ['bus.example'],
    ['BUS.Example:443'],
  ])('takes %s as a name of the bus', async (host) => {
    const { origin } = await startRefusingBus()
    expect(await ask(origin, { path: '/api/bus/status', headers: { host } })).toMatchObject({ status: 200 })
    expect(await ask(origin, write('/message', hello, { host }))).toMatchObject({ status: 200 })
  })

  it.each([
    ['its own page', { host: 'localhost:8100', origin: 'http://localhost:8100' }],
    ['its own page behind a proxy that speaks TLS', { host: 'bus.example', origin: 'https://bus.example' }],
    ['its own page, as the browser says', { 'sec-fetch-site': 'same-origin' }],
    ['a person who typed the address', { 'sec-fetch-site': 'none' }],
  ])('lets %s in', async (_, headers) => {
    const { origin } = await startRefusingBus()
    expect(await ask(origin, write('/message', hello, headers))).toMatchObject({ status: 200 })
  })

  it.each(['/mcp', '/openapi.json', '/healthz', '/readyz', '/nowhere'])('stands in front of %s, too', async (path) => {
    const { origin } = await startRefusingBus()
    const foreignHost = await ask(origin, { path, headers: { host: 'evil.example' } })
    expectRefusal(foreignHost, { status: 421, code: 'host_not_allowed' })
    const foreignPage = await ask(origin, { path, headers: { origin: 'http://evil.example' } })
    expectRefusal(foreignPage, { status: 403, code: 'origin_forbidden' })
  })
})

/** Asserts the refusal, and that the bus is as it was. */
async function expectRefused(refusal: Pick<Refusal, 'request' | 'status' | 'code' | 'field' | 'detail'>) {
  const bus = await startRefusingBus()
  const before = await describeState(bus)
  const answer = await ask(bus.origin, refusal.request)
  expectRefusal(answer, { status: refusal.status, code: refusal.code })
  if (typeof refusal.detail === 'string') expect(answer.fields.detail).toBe(refusal.detail)
  else if (refusal.detail) expect(answer.fields.detail).toMatch(refusal.detail)
  expect(await describeState(bus)).toEqual(before)
  expect(bus.logged).toEqual([])
  return answer
}
