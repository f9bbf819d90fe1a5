import { parseJSONRPCMessage } from '@modelcontextprotocol/client'
import { describe, expect, it } from 'vitest'
import { VERSION } from '../../src/config.ts'
import { startTestBus } from '../support/bus.ts'
import { cancelled, envelope, initialize, modernRequest, request, toolCall } from '../support/json-rpc.ts'
import { type Fields, toFields } from '../support/mcp.ts'
import { untilWaiting } from '../support/nodes.ts'
import { startInitializedServer, startRawServer } from '../support/raw-stdio.ts'

type Server = ReturnType<typeof startRawServer>

/** Sends one request and reads the next message, which has to be its answer. */
async function ask(server: Server, message: Fields): Promise<Fields> {
  server.send(message)
  const answer = await server.read()
  expect(answer.id).toEqual(message.id)
  return answer
}

/**
 * Ends the input, and asserts what holds for every connection: the end in order, and nothing but messages before it.
 *
 * @returns The ids of all answers.
 */
async function finish(server: Server): Promise<unknown[]> {
  server.end()
  expect(await server.exitCode()).toBe(0)
  const messages = server
    .stdout()
    .trimEnd()
    .split('\n')
    .map((line) => parseJSONRPCMessage(JSON.parse(line)))
  return messages.map((message) => toFields(message).id)
}

const refusal = (code: number) => ({ error: { code, message: expect.any(String) } })
const METHOD_NOT_FOUND = refusal(-32601)
const INVALID_PARAMS = refusal(-32602)
const UNSUPPORTED_REVISION = refusal(-32022)

const lane = 'feeds'

/** A bus with a held lane, and the settings of a server whose agent wants it. */
async function startHeldBus() {
  const bus = await startTestBus()
  await bus.client.lanes.claim({ lane, owner: 'planner' })
  return { bus, env: { BUS_MCP_BASE_URL: bus.apiUrl, BUS_MCP_AGENT_ID: 'builder' } }
}

describe('the handshake over stdio', () => {
  it.each([
    ['2024-11-05', '2024-11-05'],
    ['2025-03-26', '2025-03-26'],
    ['2025-06-18', '2025-06-18'],
    ['2025-11-25', '2025-11-25'],
    ['2026-07-28', '2025-11-25'],
    ['1999-01-01', '2025-11-25'],
    ['latest', '2025-11-25'],
  ])('of a client that asks for %s agrees on %s', async (asked, agreed) => {
    const server = startRawServer()
    expect(await ask(server, initialize(asked))).toEqual({
      jsonrpc: '2.0',
      id: 'first',
      result: {
        protocolVersion: agreed,
        capabilities: expect.objectContaining({ tools: expect.any(Object) }),
        serverInfo: expect.objectContaining({ name: 'bus-mcp', version: VERSION }),
        instructions: expect.any(String),
      },
    })
    await finish(server)
  })

  it('may come after the first requests: a client that is hasty is answered', async () => {
    const server = startRawServer()
    expect(await ask(server, request(1, 'ping'))).toMatchObject({ result: {} })
    expect(await ask(server, request(2, 'tools/list'))).toMatchObject({ result: { tools: expect.any(Array) } })
    expect(await ask(server, initialize())).toMatchObject({ result: { protocolVersion: '2025-11-25' } })
    await finish(server)
  })

  it('may follow a discovery on the same pipe, which binds to nothing', async () => {
    const server = startRawServer()
    expect(await ask(server, modernRequest(1, 'server/discover'))).toMatchObject({
      result: { supportedVersions: ['2026-07-28'] },
    })
    expect(await ask(server, initialize('2025-06-18'))).toMatchObject({ result: { protocolVersion: '2025-06-18' } })
    expect(await ask(server, request(2, 'ping'))).toEqual({ jsonrpc: '2.0', id: 2, result: {} })
    await finish(server)
  })

  it('is refused once a request of 2026-07-28 was answered', async () => {
    const server = startRawServer()
    expect(await ask(server, modernRequest(1, 'tools/list'))).toHaveProperty('result')
    const refused = await ask(server, initialize())
    expect(refused).toMatchObject(UNSUPPORTED_REVISION)
    expect(refused).toMatchObject({ error: { data: { supported: ['2026-07-28'], requested: '2025-11-25' } } })
    expect(await ask(server, modernRequest(2, 'tools/list'))).toHaveProperty('result')
    await finish(server)
  })
})

describe('a connection of 2025 over stdio', () => {
  it('refuses what is not there by the codes of the protocol', async () => {
    const server = await startInitializedServer()
    for (const method of ['no/such/method', 'server/discover', 'subscriptions/listen']) {
      expect(await ask(server, request(method, method)), method).toMatchObject(METHOD_NOT_FOUND)
    }
    expect(await ask(server, toolCall(1, 'steal_lane'))).toMatchObject(INVALID_PARAMS)
    expect(await ask(server, request(2, 'tools/call'))).toMatchObject(INVALID_PARAMS)
    await finish(server)
  })

  it('passes over notifications and answers that nobody waits for', async () => {
    const server = await startInitializedServer()
    server.send({ jsonrpc: '2.0', method: 'notifications/no-such' })
    server.send({ jsonrpc: '2.0', id: 77, result: {} })
    server.send(cancelled(77))
    expect(await ask(server, request('a', 'ping'))).toMatchObject({ result: {} })
    await finish(server)
  })

  it('answers no array of messages, which the protocol knew for one revision, says so, and goes on', async () => {
    const server = await startInitializedServer()
    server.send([request(1, 'ping'), request(2, 'ping')])
    expect(await ask(server, request(3, 'ping'))).toMatchObject({ result: {} })
    expect(await finish(server)).toEqual(['first', 3])
    expect(server.stderr()).toContain('expected object, received array')
  })
})

describe('a connection of 2026-07-28 over stdio', () => {
  it('tells in each result its type and the server, and with lists how long they hold', async () => {
    const server = startRawServer()
    const meta = {
      'io.modelcontextprotocol/serverInfo': expect.objectContaining({ name: 'bus-mcp', version: VERSION }),
    }
    expect(await ask(server, modernRequest(1, 'server/discover'))).toMatchObject({
      result: { _meta: meta, capabilities: { tools: {} }, instructions: expect.any(String) },
    })
    expect(await ask(server, modernRequest(2, 'tools/list'))).toMatchObject({
      result: {
        resultType: 'complete',
        _meta: meta,
        ttlMs: expect.any(Number),
        cacheScope: expect.stringMatching(/^(public|private)$/),
      },
    })
    await finish(server)
  })

  it('refuses what is not there by the codes of the protocol', async () => {
    const server = startRawServer()
    await ask(server, modernRequest(1, 'tools/list'))
    for (const method of ['no/such/method', 'ping', 'logging/setLevel', 'resources/subscribe']) {
      expect(await ask(server, modernRequest(method, method)), method).toMatchObject(METHOD_NOT_FOUND)
    }
    expect(await ask(server, modernRequest(2, 'tools/call', { name: 'steal_lane' }))).toMatchObject(INVALID_PARAMS)
    await finish(server)
  })

  it('refuses a request that does not say its revision, and one that says half', async () => {
    const server = startRawServer()
    const { 'io.modelcontextprotocol/clientCapabilities': _, ...half } = envelope
    expect(await ask(server, modernRequest(1, 'tools/list', {}, half))).toMatchObject(INVALID_PARAMS)
    await ask(server, modernRequest(2, 'tools/list'))
    expect(await ask(server, request(3, 'tools/list'))).toMatchObject(INVALID_PARAMS)
    expect(await ask(server, modernRequest(4, 'tools/list', {}, half))).toMatchObject(INVALID_PARAMS)
    await finish(server)
  })

  it('refuses a revision that nobody knows, and is bound to nothing by it', async () => {
    const server = startRawServer()
    const unknown = { ...envelope, 'io.modelcontextprotocol/protocolVersion': '2030-01-01' }
    const refused = await ask(server, modernRequest(1, 'tools/list', {}, unknown))
    expect(refused).toMatchObject(UNSUPPORTED_REVISION)
    expect(refused).toMatchObject({ error: { data: { supported: ['2026-07-28'], requested: '2030-01-01' } } })
    expect(await ask(server, initialize())).toHaveProperty('result')
    await finish(server)
  })
})

describe.each([
  { era: '2025', toRequest: request, shakeHands: true },
  { era: '2026-07-28', toRequest: modernRequest, shakeHands: false },
])('a server on stdio in the era of $era', ({ toRequest, shakeHands }) => {
  const start = async (env: Record<string, string> = {}) =>
    shakeHands ? startInitializedServer(env) : startRawServer(env)
  const claim = (id: number) => toRequest(id, 'tools/call', { name: 'claim_lane', arguments: { lane, wait_s: 30 } })

  it('lists the same tools in the same order each time, and in each process', async () => {
    const lists = []
    for (const server of [await start(), await start()]) {
      for (const id of [1, 2]) lists.push((await ask(server, toRequest(id, 'tools/list'))).result)
      await finish(server)
    }
    const [first, ...others] = lists.map((list) => JSON.stringify(list))
    expect(others).toEqual([first, first, first])
  })

  it('gives a call up that is cancelled: no answer, out of the queue, and the next call is answered', async () => {
    const { bus, env } = await startHeldBus()
    const server = await start(env)
    server.send(claim(1))
    await untilWaiting(bus.client, lane, 1)
    server.send(cancelled(1))
    await untilWaiting(bus.client, lane, 0)
    expect(await ask(server, toRequest(2, 'tools/list'))).toHaveProperty('result')
    expect(await finish(server)).not.toContain(1)
  })

  it('ends with 0 when its input ends while a call waits, which leaves the queue', async () => {
    const { bus, env } = await startHeldBus()
    const server = await start(env)
    server.send(claim(1))
    await untilWaiting(bus.client, lane, 1)
    server.end()
    expect(await server.exitCode()).toBe(0)
    await untilWaiting(bus.client, lane, 0)
  })
})
