import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { startTestBus } from '../../test/support/bus.ts'
import { findClosedUrl, startFakeServer, startFakeSocketServer } from '../../test/support/fake-server.ts'
import { type BusClient, BusUnreachable, createBusClient } from './index.ts'

const message = { topic: 'converge', sender: 'session-A', body: 'lane merged' }

interface Expected {
  readonly reason: string | RegExp
  /** For a write; a read has no outcome that matters. */
  readonly outcomeUnknown: boolean
}

/** Asserts that neither a read nor a write reaches a bus. */
async function expectUnreachable(client: BusClient, baseUrl: string, { reason, outcomeUnknown }: Expected) {
  const common = { name: 'BusUnreachable', baseUrl, reason: expect.stringMatching(reason) }
  const read = await failureOf(client.status.get({}))
  expect(read).toBeInstanceOf(BusUnreachable)
  expect(read).toMatchObject({ ...common, outcomeUnknown: false })
  const write = await failureOf(client.messages.post(message))
  expect(write).toBeInstanceOf(BusUnreachable)
  expect(write).toMatchObject({ ...common, outcomeUnknown })
  expect(write).toMatchObject({ message: `no bus at ${baseUrl}: ${(write as BusUnreachable).reason}` }) // As just asserted.
}

function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
}

describe('BusUnreachable', () => {
  it('does not repeat a password that stands in the base URL', async () => {
    const { port } = new URL(await findClosedUrl())
    const error = await failureOf(createBusClient({ baseUrl: `http://me:hunter2@127.0.0.1:${port}/` }).status.get({}))
    expect(error).toMatchObject({ baseUrl: `http://127.0.0.1:${port}/` })
    expect(String(error)).not.toContain('hunter2')
  })

  it('says that the connection was refused', async () => {
    const baseUrl = await findClosedUrl()
    await expectUnreachable(createBusClient({ baseUrl }), baseUrl, {
      reason: /^connection refused$/,
      outcomeUnknown: false,
    })
  })

  it('says so also for a name that has several addresses', async () => {
    const baseUrl = (await findClosedUrl()).replace('127.0.0.1', 'localhost')
    await expectUnreachable(createBusClient({ baseUrl }), baseUrl, {
      reason: /^connection refused$/,
      outcomeUnknown: false,
    })
  })

  it('says that there is no such host', async () => {
    const baseUrl = 'http://no-such-host.invalid/'
    await expectUnreachable(createBusClient({ baseUrl, timeoutMs: 5000 }), baseUrl, {
      // The second and the third where the machine has no resolver, or one that is slow.
      reason: /^no such host$|^the host name could not be resolved$|^no answer within 5 s$/,
      outcomeUnknown: false,
    })
  })

  it.each([
    '',
    'nonsense',
    '127.0.0.1:8100/api/bus',
    'localhost:8100/api/bus',
    'http://',
    'http://127.0.0.1:99999/api/bus',
    'ftp://127.0.0.1/api/bus',
    'file:///etc/passwd',
  ])('says that %j is no base URL', async (baseUrl) => {
    await expectUnreachable(createBusClient({ baseUrl }), baseUrl, {
      reason: /^the base URL is not one of http:\/\/ or https:\/\/ \(or unix: for a socket\)$/,
      outcomeUnknown: false,
    })
  })

  it('says how long it waited for an answer that never came', async () => {
    const { baseUrl } = await startFakeServer(() => {})
    await expectUnreachable(createBusClient({ baseUrl, timeoutMs: 50 }), baseUrl, {
      reason: /^no answer within 0\.05 s$/,
      outcomeUnknown: true,
    })
  })

  it.each([
    ['in the middle of its body', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"messages":'],
    ['in the middle of a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{"messages":'],
    ['before its status', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['because the connection became another protocol', 'HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'],
  ])('says how long it waited for an answer that stopped %s', async (_, text) => {
    const { baseUrl } = await startFakeSocketServer((socket) => socket.write(text))
    await expectUnreachable(createBusClient({ baseUrl, timeoutMs: 50 }), baseUrl, {
      reason: /^no answer within 0\.05 s$/,
      outcomeUnknown: true,
    })
  })

  it.each([
    ['before its answer', ''],
    ['in the middle of its headers', 'HTTP/1.1 200 OK\r\nContent-'],
    ['in the middle of its body', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"messages":'],
    ['in the middle of a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{"messages":'],
  ])('says that the connection broke off %s, closed or reset', async (_, text) => {
    const closing = await startFakeSocketServer((socket) => socket.end(text))
    const expected = { reason: /^the connection broke off$/, outcomeUnknown: true }
    await expectUnreachable(createBusClient({ baseUrl: closing.baseUrl }), closing.baseUrl, expected)
    const resetting = await startFakeSocketServer((socket) => socket.write(text, () => socket.resetAndDestroy()))
    await expectUnreachable(createBusClient({ baseUrl: resetting.baseUrl }), resetting.baseUrl, expected)
  })

  it('says that what answers speaks no HTTP', async () => {
    const { baseUrl } = await startFakeSocketServer((socket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n'))
    await expectUnreachable(createBusClient({ baseUrl }), baseUrl, { reason: /HTTP/, outcomeUnknown: true })
  })

  it('says in one line that what answers speaks no TLS', async () => {
    const { apiUrl } = await startTestBus()
    const baseUrl = apiUrl.replace('http:', 'https:')
    await expectUnreachable(createBusClient({ baseUrl }), baseUrl, { reason: /^.*TLS.*$/, outcomeUnknown: false })
  })

  it('keeps the cause for those who look for it', async () => {
    const baseUrl = await findClosedUrl()
    const error = await failureOf(createBusClient({ baseUrl }).status.get({}))
    expect(error).toMatchObject({ cause: { code: 'ECONNREFUSED' } })
  })

  it('does not call the outcome unknown when no connection came about, whatever the reason', async () => {
    // A link-local address without its interface cannot be connected to.
    const error = await failureOf(createBusClient({ baseUrl: 'http://[fe80::1]:8100' }).messages.post(message))
    expect(error).toMatchObject({ name: 'BusUnreachable', outcomeUnknown: false })
  })

  it('says that a write was not sent when it was given up before', async () => {
    const { client } = await startTestBus()
    const error = await failureOf(client.messages.post(message, { signal: AbortSignal.abort() }))
    expect(error).toMatchObject({
      name: 'BusUnreachable',
      outcomeUnknown: false,
      reason: 'the call was cancelled',
    })
    expect((await client.messages.read({})).messages).toEqual([])
  })

  it('says that the outcome of a write is unknown when it was given up on its way', async () => {
    const abort = new AbortController()
    const { baseUrl } = await startFakeServer(() => abort.abort())
    const error = await failureOf(createBusClient({ baseUrl }).messages.post(message, { signal: abort.signal }))
    expect(error).toMatchObject({
      name: 'BusUnreachable',
      outcomeUnknown: true,
      reason: 'the call was cancelled',
    })
  })

  it('frees the other side when a call is given up', async () => {
    const abort = new AbortController()
    let closed: Promise<unknown> = Promise.resolve()
    const { baseUrl } = await startFakeServer((_, response) => {
      closed = once(response, 'close')
      abort.abort()
    })
    await failureOf(createBusClient({ baseUrl }).status.get({}, { signal: abort.signal }))
    await closed
  })

  it('of one call leaves the next one alone', async () => {
    let calls = 0
    const { baseUrl } = await startFakeServer((request, response) => {
      calls++
      // Both the request and its one repetition.
      if (calls <= 2) request.socket.destroy()
      else response.end('{"messages":[]}')
    })
    const client = createBusClient({ baseUrl })
    await expect(client.messages.read({})).rejects.toBeInstanceOf(BusUnreachable)
    expect(await client.messages.read({})).toEqual({ messages: [] })
  })
})
