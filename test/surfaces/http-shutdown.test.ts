import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startBus } from '../../src/app.ts'
import { BusUnreachable, createBusClient } from '../../src/client/index.ts'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { loopbackBus } from '../support/bus-options.ts'
import { ask, connect, post } from '../support/raw-http.ts'
import { silentLog } from '../support/silent-log.ts'

const body = JSON.stringify({ topic: 'converge', sender: 'session-A', body: 'last words' })
const head = `POST /api/bus/message HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`

/** Shorter than any time limit of the server, so that a close that waits for one of them fails. */
const BEFORE_ANY_LIMIT = 4000

describe('the close of a bus', () => {
  it('answers the request under way, then ends', { timeout: BEFORE_ANY_LIMIT }, async () => {
    const folder = createTempFolder()
    const databasePlace = join(folder, 'bus.db')
    const bus = await startTestBus({ databasePlace })
    const connection = await connect(bus.origin)
    connection.write(head)
    // The bus has the request once it asks for its body.
    await connection.until(/100 Continue/)
    const closed = bus.close()
    connection.write(body)
    expect(await connection.untilClosed()).toMatch(/HTTP\/1\.1 200 .*"id":1,"topic":"converge"/s)
    await closed

    const { client } = await startTestBus({ databasePlace })
    expect((await client.messages.read({})).messages).toMatchObject([{ id: 1, body: 'last words' }])
  })

  it('refuses new connections while a request is still under way', async () => {
    const bus = await startTestBus()
    const connection = await connect(bus.origin)
    connection.write(head)
    await connection.until(/100 Continue/)
    const closed = bus.close()
    await expect(bus.client.status.get({})).rejects.toThrow('connection refused')
    connection.write(body)
    await connection.until(/"id":1/)
    await closed
  })

  it('does not wait for a connection that is kept alive after its request', { timeout: BEFORE_ANY_LIMIT }, async () => {
    const bus = await startTestBus()
    const connection = await connect(bus.origin)
    connection.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await connection.until(/"ok":true/)
    await bus.client.status.get({})
    await bus.close()
    await connection.untilClosed()
  })

  it('does not wait for a connection that never asked anything', { timeout: BEFORE_ANY_LIMIT }, async () => {
    const bus = await startTestBus()
    const connection = await connect(bus.origin)
    // The server has accepted the silent connection once it answers one that came after it.
    await bus.client.status.get({})
    await bus.close()
    await connection.untilClosed()
  })

  it('does not wait for a request whose headers never end', { timeout: BEFORE_ANY_LIMIT }, async () => {
    const bus = await startTestBus()
    const connection = await connect(bus.origin)
    connection.write('GET /healthz HTTP/1.1\r\nHost: loc')
    await bus.client.status.get({})
    await bus.close()
    await connection.untilClosed()
  })

  it('ends once, however often it is asked for', async () => {
    const bus = await startTestBus()
    await Promise.all([bus.close(), bus.close()])
    await bus.close()
    await expect(bus.client.status.get({})).rejects.toBeInstanceOf(BusUnreachable)
  })

  it('answers who waits with how things stand, with Retry-After: 0, and keeps the place of who waits for a lane', async () => {
    const databasePlace = join(createTempFolder(), 'bus.db')
    const bus = await startTestBus({ databasePlace })
    await bus.client.lanes.claim({ lane: 'feeds', owner: 'holder', lease_s: 60 })
    const waits = [
      ask(bus.origin, { path: '/api/bus/messages?wait_s=20&since_id=0' }),
      ask(bus.origin, { path: '/api/bus/events?wait_s=20', headers: { accept: 'application/json' } }),
      ask(bus.origin, post('/api/bus/lanes/feeds/claim', { owner: 'first', wait_s: 20 })),
    ]
    await expect.poll(async () => (await bus.client.status.get({}))._meta.waiting_count).toBe(1)
    await bus.close()
    const [messages, events, claim] = await Promise.all(waits)
    for (const answer of [messages, events, claim]) expect(answer?.headers['retry-after']).toBe('0')
    expect(messages?.fields).toMatchObject({ messages: [], next_since_id: 0 })
    expect(events?.fields).toMatchObject({ events: [] })
    expect(claim?.status).toBe(409)
    expect(claim?.fields).toMatchObject({ code: 'lane_held', position: 1, retry_after_ms: 0 })

    const { client } = await startTestBus({ databasePlace })
    const second = client.lanes.claim({ lane: 'feeds', owner: 'second', wait_s: 20 })
    await expect.poll(async () => (await client.status.get({}))._meta.waiting_count).toBe(1)
    const first = client.lanes.claim({ lane: 'feeds', owner: 'first', wait_s: 20 })
    await expect.poll(async () => (await client.status.get({}))._meta.waiting_count).toBe(2)
    await client.lanes.release({ lane: 'feeds', owner: 'holder' })
    expect((await first).lane.fence).toBe(2)
    await client.lanes.release({ lane: 'feeds', owner: 'first' })
    expect((await second).lane.fence).toBe(3)
  })

  it('tells the readers of a stream when to come back, and ends it', async () => {
    const bus = await startTestBus()
    const stream = await connect(bus.origin)
    stream.write('GET /api/bus/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n')
    await stream.until(/event: hello/)
    await bus.close()
    expect(await stream.untilClosed()).toMatch(/event: stopping\ndata: \{"retry_after_ms":\d+\}\nretry: \d+\n\n/)
  })

  it('is ready no more while a request is still under way', { timeout: BEFORE_ANY_LIMIT }, async () => {
    const bus = await startTestBus()
    const connection = await connect(bus.origin)
    connection.write(head)
    await connection.until(/100 Continue/)
    const closed = bus.close()
    connection.write(`${body}GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    expect(await connection.untilClosed()).toMatch(
      /"id":1.*HTTP\/1\.1 503 .*retry-after: 1.*"detail":"not ready: the bus is stopping/is,
    )
    await closed
  })

  it('is not held up by a caller that went away in the middle of its request', {
    timeout: BEFORE_ANY_LIMIT,
  }, async () => {
    const bus = await startTestBus()
    const connection = await connect(bus.origin)
    connection.write(head)
    await connection.until(/100 Continue/)
    connection.socket.destroy()
    await once(connection.socket, 'close')
    await bus.close()
    expect(bus.logged).toEqual([])
  })

  it('lets go of its database, and tells what failed, when one of its parts cannot end', async () => {
    const databasePlace = join(createTempFolder(), 'bus.db')
    const bus = await startBus({
      ...loopbackBus,
      databasePlace,
      log: silentLog,
      inhabitants: {
        settle: async () => {},
        live: () => {},
        leave: async () => {
          throw new Error('somebody does not leave')
        },
      },
    })
    const client = createBusClient({ baseUrl: bus.apiUrl })
    await client.messages.post({ topic: 'converge', sender: 'session-A', body: 'last words' })
    await expect(bus.close()).rejects.toThrow('somebody does not leave')

    const next = await startTestBus({ databasePlace })
    expect((await next.client.messages.read({})).messages).toMatchObject([{ id: 1, body: 'last words' }])
  })
})
