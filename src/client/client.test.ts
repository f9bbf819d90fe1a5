import type { IncomingMessage } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startTestBus } from '../../test/support/bus.ts'
import { startFakeServer } from '../../test/support/fake-server.ts'
import { startBusProcess } from '../../test/support/process.ts'
import { operations } from '../product.ts'
import { type BusClientOptions, BusUnreachable, createBusClient, type OperationId } from './index.ts'
import { operationTable } from './operations.gen.ts'

interface Recorded {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A client, and everything that it sent. Every answer is an empty object. */
async function startRecording(options: BusClientOptions = {}, basePath = '/api/bus') {
  const requests: Recorded[] = []
  const server = await startFakeServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      const { method, url, headers } = request
      requests.push({ method, url, headers, body })
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  const client = createBusClient({ baseUrl: `http://127.0.0.1:${server.port}${basePath}`, ...options })
  return { client, requests, server }
}

const calls: readonly [OperationId, Record<string, unknown>, method: string, url: string, body?: object][] = [
  [
    'messages.post',
    { topic: 'converge', sender: 'a', body: 'é' },
    'POST',
    '/message',
    { topic: 'converge', sender: 'a', body: 'é' },
  ],
  ['messages.read', {}, 'GET', '/messages'],
  ['messages.topics', { after: 'a b', limit: 5 }, 'GET', '/topics?after=a+b&limit=5'],
  [
    'messages.read',
    { topic: 'a b&c', flagged: false, since_id: 0, limit: 5 },
    'GET',
    '/messages?topic=a+b%26c&flagged=false&since_id=0&limit=5',
  ],
  ['messages.get', { id: 7 }, 'GET', '/messages/7'],
  ['messages.ack', { id: 7, sender: 'a' }, 'POST', '/messages/7/ack', { sender: 'a' }],
  [
    'lanes.claim',
    { lane: 'feeds', owner: 'a', lease_s: 5, note: undefined },
    'POST',
    '/lanes/feeds/claim',
    { owner: 'a', lease_s: 5 },
  ],
  ['lanes.release', { lane: 'feeds', owner: 'a', fence: 1 }, 'POST', '/lanes/feeds/release', { owner: 'a', fence: 1 }],
  ['lanes.heartbeat', { lane: 'feeds', owner: 'a' }, 'POST', '/lanes/feeds/heartbeat', { owner: 'a' }],
  ['events.read', { since_id: 7, kind: 'ack' }, 'GET', '/events?since_id=7&kind=ack'],
  ['lanes.claimAll', { lanes: ['a', 'b'], owner: 'a' }, 'POST', '/lanes/claim', { lanes: ['a', 'b'], owner: 'a' }],
  ['lanes.list', { state: 'held', after: undefined }, 'GET', '/lanes?state=held'],
  ['lanes.get', { lane: 'feeds' }, 'GET', '/lanes/feeds'],
  ['lanes.history', { lane: 'feeds', limit: 2 }, 'GET', '/lanes/feeds/history?limit=2'],
  ['lanes.verify', { lane: 'feeds', fence: 2 }, 'GET', '/lanes/feeds/verify?fence=2'],
  ['status.get', {}, 'GET', '/status'],
  ['status.attention', {}, 'GET', '/attention'],
  ['lanes.timeline', { window_s: 60, limit: 5 }, 'GET', '/timeline?window_s=60&limit=5'],
]

describe('a call of the client', () => {
  it.each(calls)('%s sends %j as %s %s', async (id, input, method, url, body) => {
    const { client, requests } = await startRecording()
    await client.call(id, input)
    expect(requests).toMatchObject([{ method, url: `/api/bus${url}` }])
    const [sent] = requests
    expect(sent?.headers.accept).toBe('application/json')
    expect(sent?.headers['content-type']).toBe(body ? 'application/json' : undefined)
    expect(sent?.body).toBe(body ? JSON.stringify(body) : '')
  })

  it('exists as a method for every operation that has a route', async () => {
    const routes = operations.filter(({ http }) => http).map(({ id }) => id)
    expect(Object.keys(operationTable)).toEqual(routes)
    expect(new Set(calls.map(([id]) => id))).toEqual(new Set(routes))
    const { client, requests } = await startRecording()
    const groups: Record<string, Record<string, unknown>> = { ...client, call: {} }
    for (const id of routes) {
      const [group = '', verb = ''] = id.split('.')
      expect(groups[group]?.[verb], id).toBeTypeOf('function')
    }
    await client.lanes.heartbeat({ lane: 'feeds', owner: 'a' })
    expect(requests).toMatchObject([{ url: '/api/bus/lanes/feeds/heartbeat' }])
  })

  it('answers with what the bus answered', async () => {
    const { client } = await startTestBus()
    const posted = await client.messages.post({ topic: 'converge', sender: 'a', body: 'é—🚌' })
    expect(posted).toMatchObject({ id: 1, body: 'é—🚌' })
    expect((await client.messages.read({ limit: 1 })).messages).toEqual([posted])
  })

  it('encodes what the path is filled with', async () => {
    const { client, requests } = await startRecording()
    for (const lane of ['a:b@c+d', 'a/b?c#d', 'é %', '\ud800']) await client.lanes.get({ lane })
    expect(requests.map(({ url }) => url)).toEqual([
      '/api/bus/lanes/a%3Ab%40c%2Bd',
      '/api/bus/lanes/a%2Fb%3Fc%23d',
      '/api/bus/lanes/%C3%A9%20%25',
      '/api/bus/lanes/%EF%BF%BD',
    ])
  })

  it('leaves out what is missing from the path, so that the bus refuses it', async () => {
    const { client } = await startTestBus()
    await expect(client.call('lanes.claim', { owner: 'a' })).rejects.toMatchObject({
      statusCode: 422,
      body: { errors: [{ path: 'lane' }] },
    })
    expect((await client.lanes.list({})).lanes).toEqual([])
  })

  it('of an operation that does not exist is a TypeError', async () => {
    const { client } = await startRecording()
    for (const id of ['lanes.steal', 'toString', '']) await expect(client.call(id, {})).rejects.toThrow(TypeError)
  })
})

describe('the secret of the client', () => {
  it('goes with every write and with no read', async () => {
    const { client, requests } = await startRecording({ writeSecret: 'tr0ub4dor&3' })
    for (const [id, input] of calls) await client.call(id, input)
    const withSecret = requests.filter(({ headers }) => headers['x-bus-secret'] === 'tr0ub4dor&3')
    const writes = requests.filter(({ method }) => method === 'POST')
    expect(withSecret).toEqual(writes)
    expect(writes).toHaveLength(6)
    expect(requests.filter(({ headers }) => 'x-bus-secret' in headers)).toHaveLength(6)
  })

  it.each([undefined, ''])('is not sent when it is %j', async (writeSecret) => {
    const { client, requests } = await startRecording({ writeSecret })
    for (const [id, input] of calls) await client.call(id, input)
    expect(requests.filter(({ headers }) => 'x-bus-secret' in headers)).toEqual([])
  })
})

describe('the base URL of the client', () => {
  it.each([
    ['/api/bus', '/api/bus/status'],
    ['/api/bus/', '/api/bus/status'],
    ['/api/bus///', '/api/bus/status'],
    ['', '/status'],
    ['/', '/status'],
    ['/proxy/of%20bus', '/proxy/of%20bus/status'],
  ])('ending in %j asks for %s', async (basePath, url) => {
    const { client, requests } = await startRecording({}, basePath)
    await client.status.get({})
    expect(requests).toMatchObject([{ url }])
  })
})

describe('the connections of the client', () => {
  it('are used again for the calls that follow', async () => {
    const { client, server } = await startRecording()
    for (const [id, input] of calls) await client.call(id, input)
    expect(server.connectionCount()).toBe(1)
  })

  it('are as many as there are calls at once, and no more afterwards', async () => {
    const { client, server } = await startRecording()
    const ask = () => client.status.get({})
    await Promise.all([ask(), ask(), ask()])
    expect(server.connectionCount()).toBe(3)
    await Promise.all([ask(), ask(), ask()])
    expect(server.connectionCount()).toBe(3)
  })

  it('survive a refusal', async () => {
    const bus = await startTestBus()
    await expect(bus.client.lanes.get({ lane: 'new' })).rejects.toMatchObject({ statusCode: 404 })
    expect((await bus.client.status.get({}))._meta.message_count).toBe(0)
  })

  it('are made anew when the bus was killed and started again between two calls', async () => {
    const first = await startBusProcess(['--port', '0', '--database-url', 'sqlite::memory:'])
    const client = createBusClient({ baseUrl: first.apiUrl })
    await client.status.get({})
    await first.kill()
    await startBusProcess(['--port', new URL(first.origin).port, '--database-url', 'sqlite::memory:'])
    expect((await client.lanes.claim({ lane: 'feeds', owner: 'a' })).decision).toBe('claim')
  })

  it('are made anew after calls that found no bus', async () => {
    const first = await startTestBus()
    const { client } = first
    await client.status.get({})
    await first.close()
    for (let call = 0; call < 3; call++) await expect(client.status.get({})).rejects.toBeInstanceOf(BusUnreachable)
    await startTestBus({ port: Number(new URL(first.origin).port) })
    expect((await client.status.get({}))._meta.message_count).toBe(0)
  })
})

describe('a connection that is used again', () => {
  it('keeps nothing of the calls before', async () => {
    const warnings: string[] = []
    const note = ({ name }: Error) => warnings.push(name)
    process.on('warning', note)
    onTestFinished(() => {
      process.off('warning', note)
    })
    const { client } = await startTestBus()
    for (let call = 0; call < 20; call++) await client.status.get({})
    await new Promise((resolve) => setImmediate(resolve))
    expect(warnings).toEqual([])
  })
})

describe('a call whose outcome is unknown', () => {
  /** A server that takes the first `losses` requests and breaks off, and notes the key of each. */
  async function startLossy(losses: number, server: string | undefined) {
    const keys: (string | undefined)[] = []
    const { baseUrl } = await startFakeServer((request, response) => {
      keys.push(String(request.headers['idempotency-key']))
      if (server !== undefined) response.setHeader('server', server)
      if (keys.length > 1 && keys.length <= losses + 1) request.socket.destroy()
      else response.end('{"ok":true}')
    })
    const client = createBusClient({ baseUrl })
    // Whoever answered once has said what it is.
    await client.lanes.release({ lane: 'other', owner: 'ann' })
    return { client, keys }
  }

  it('is repeated once under the same key, when the bus makes a change once for a key', async () => {
    const { client, keys } = await startLossy(1, 'bus-mcp/0.2.0')
    expect(await client.lanes.claim({ lane: 'feeds', owner: 'ann' })).toEqual({ ok: true })
    expect(keys).toHaveLength(3)
    expect(keys[1]).toMatch(/^[0-9a-f-]{36}$/)
    expect(keys[2]).toBe(keys[1])
    expect(keys[1]).not.toBe(keys[0])
  })

  it('is given up after one repetition', async () => {
    const { client, keys } = await startLossy(5, 'bus-mcp/0.2.0')
    const claim = client.lanes.claim({ lane: 'feeds', owner: 'ann' })
    await expect(claim).rejects.toMatchObject({ name: 'BusUnreachable', outcomeUnknown: true })
    expect(keys).toHaveLength(3)
  })

  it('is not repeated when it is a write and the bus is an old one, which would make it twice', async () => {
    const { client, keys } = await startLossy(1, undefined)
    await expect(client.messages.post({ topic: 't', sender: 's', body: 'b' })).rejects.toBeInstanceOf(BusUnreachable)
    expect(keys).toHaveLength(2)
  })

  it('is repeated when it is a read, of whatever bus', async () => {
    const { client, keys } = await startLossy(1, undefined)
    expect(await client.status.get({})).toEqual({ ok: true })
    expect(keys).toHaveLength(3)
  })
})
