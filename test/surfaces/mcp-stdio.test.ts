import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { initialize, modernRequest, request, toolCall } from '../support/json-rpc.ts'
import { connectStdio } from '../support/mcp.ts'
import { cleanEnvironment, collect, MAIN, runMain } from '../support/process.ts'
import { startInitializedServer, startRawServer } from '../support/raw-stdio.ts'

const isWindows = process.platform === 'win32'
const whyNot = isWindows ? ' (skipped: Windows has Node wait until a pipe has taken all)' : ''

const ping = { jsonrpc: '2.0', id: 'alive', method: 'ping' }

describe('the MCP server on standard input and output', () => {
  it('writes nothing but JSON-RPC messages to standard output, whatever it is asked and however it is set up', async () => {
    const bus = await startTestBus()
    const server = await startInitializedServer({
      BUS_MCP_BASE_URL: bus.apiUrl,
      BUS_MCP_TIMEOUT_S: 'abc',
      BUS_WRITE_SECRET: 'with a line\nbreak',
    })
    const requests = [
      toolCall(1, 'claim_lane', { lane: 'feeds-refactor' }),
      toolCall(2, 'claim_lane', { lane: 'no such lane' }),
      toolCall(3, 'steal_lane', {}),
      toolCall(4, 'claim_lane', 'feeds-refactor'),
      toolCall(5, 'heartbeat_lane', { lane: 'other' }),
      toolCall(6, 'read_messages', undefined),
      { jsonrpc: '2.0', id: 7, method: 'no/such/method' },
      { jsonrpc: '2.0', id: 8, method: 'tools/list' },
      ping,
    ]
    for (const request of requests) server.write(JSON.stringify(request))
    for (let answered = 0; answered < requests.length; answered++) {
      expect(await server.read()).toMatchObject({ jsonrpc: '2.0', id: expect.anything() })
    }
    server.end()
    expect(await server.exitCode()).toBe(0)
    for (const line of server.stdout().trimEnd().split('\n')) {
      expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' })
    }
    expect(server.stdout()).not.toContain('    at ')
  })

  it('ends with 0 when its input ends, before the handshake and after it', async () => {
    expect(await runMain([])).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    const server = await startInitializedServer()
    server.end()
    expect(await server.exitCode()).toBe(0)
    expect(server.stderr()).toBe('')
  })

  it.each(['legacy', 'modern'])('ends with 0 while resources are followed (%s)', async (era) => {
    const bus = await startTestBus()
    const env = { BUS_MCP_BASE_URL: bus.apiUrl }
    const server = era === 'legacy' ? await startInitializedServer(env) : startRawServer(env)
    const uri = 'bus://status'
    server.send(
      era === 'legacy'
        ? request(1, 'resources/subscribe', { uri })
        : modernRequest(1, 'subscriptions/listen', { notifications: { resourceSubscriptions: [uri] } }),
    )
    // It is told once the feed has found out where the stream is.
    while ((await server.read()).method !== 'notifications/resources/updated');
    // By then it waits at the bus for what happens next.
    await new Promise((done) => setTimeout(done, 300))
    server.end()
    expect(await server.exitCode()).toBe(0)
    expect(server.stderr()).toBe('')
  })

  it('goes on after a line that is not JSON and one that is no JSON-RPC', async () => {
    const server = await startInitializedServer()
    for (const line of ['hello?', '', '{"jsonrpc":"2.0"', '{}', '[]', '"text"', 'null', '\0\x1b[31m'])
      server.write(line)
    server.write(JSON.stringify(ping))
    // What stands before it may be answered with an error, each on a line of its own.
    let answer = await server.read()
    while (answer.id !== 'alive') answer = await server.read()
    expect(answer).toEqual({ jsonrpc: '2.0', id: 'alive', result: {} })
    server.end()
    expect(await server.exitCode()).toBe(0)
    expect(server.stdout()).not.toContain('    at ')
  })

  it('refuses a message of more than 4 MiB under its id, and goes on', async () => {
    const server = await startInitializedServer()
    const long = toolCall(7, 'post_message', { topic: 'a', body: 'x'.repeat(11 * 1024 * 1024) })
    const { id, ...rest } = long
    for (const message of [long, { ...rest, id }, [long], ping]) server.send(message)
    const error = { code: -32600, message: 'the message is longer than 4194304 bytes' }
    for (const refused of [7, 7, null]) expect(await server.read()).toEqual({ jsonrpc: '2.0', id: refused, error })
    expect(await server.read()).toEqual({ jsonrpc: '2.0', id: 'alive', result: {} })
    server.end()
    expect(await server.exitCode()).toBe(0)
    expect(server.stderr()).toContain('the message is longer than')
    expect(server.stdout()).not.toContain('    at ')
  })

  it('refuses what is no UTF-8 and what nests more than 32 deep, and goes on', async () => {
    const server = await startInitializedServer()
    server.child.stdin.write(Buffer.from(`${JSON.stringify({ ...ping, note: 'é' })}\n`, 'latin1'))
    expect(await server.read()).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32700, message: 'Parse error: not UTF-8' },
    })
    const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`
    server.write(JSON.stringify(toolCall(1, 'claim_lane', 'DEEP')).replace('"DEEP"', deep))
    expect(await server.read()).toMatchObject({
      id: 1,
      result: {
        isError: true,
        structuredContent: {
          error: { type: 'invalid_arguments', message: 'claim_lane: the arguments nest more than 32 deep' },
        },
      },
    })
    server.send(ping)
    expect(await server.read()).toMatchObject({ id: 'alive' })
    expect(server.stderr()).not.toContain('tool failed')
  })

  it.skipIf(isWindows)(
    `takes a client that reads nothing for gone once 64 MiB wait for it, and gives its lanes back${whyNot}`,
    async () => {
      const bus = await startTestBus()
      const child = spawn(process.execPath, [MAIN], { env: cleanEnvironment({ BUS_MCP_BASE_URL: bus.apiUrl }) })
      onTestFinished(() => {
        child.kill('SIGKILL')
      })
      child.stdin.on('error', () => {})
      const stderr = collect(child.stderr)
      const ended = once(child, 'exit')
      const send = (message: unknown) => child.stdin.write(`${JSON.stringify(message)}\n`)
      send(initialize('2025-06-18'))
      send({ jsonrpc: '2.0', method: 'notifications/initialized' })
      send(toolCall(1, 'claim_lane', { lane: 'feeds', owner: 'ann', keep_alive: true }))
      await expect.poll(async () => (await bus.client.lanes.list({})).lanes[0]?.state).toBe('held')
      // Each is answered with some four thousand bytes.
      for (let id = 2; id < 25_000; id += 1) send(request(id, 'tools/list'))
      expect(await ended).toEqual([0, null])
      expect(stderr()).toContain('the client reads nothing: more than 67108864 bytes wait for it')
      expect((await bus.client.lanes.get({ lane: 'feeds' })).lane).toMatchObject({
        state: 'free',
        last_end: 'released',
      })
    },
    60_000,
  )

  it('answers a batch of calls that arrive in one piece, each under its id', async () => {
    const bus = await startTestBus()
    const server = await startInitializedServer({ BUS_MCP_BASE_URL: bus.apiUrl })
    const ids = Array.from({ length: 50 }, (_, index) => index)
    server.write(
      ids.map((id) => JSON.stringify(toolCall(id, 'post_message', { topic: 'load', body: `${id}` }))).join('\n'),
    )
    const answers = await Promise.all(ids.map(() => server.read()))
    expect(answers.map(({ id }) => id).toSorted((one, other) => Number(one) - Number(other))).toEqual(ids)
    for (const { id, result } of answers)
      expect(result).toMatchObject({ structuredContent: { ok: true, body: `${id}` } })
  })
})

describe('a setting of the MCP server that cannot be used', () => {
  it.each([
    ['BUS_MCP_TIMEOUT_S', 'abc', 'BUS_MCP_TIMEOUT_S must be a positive number of seconds; using 10.0'],
    ['BUS_MCP_TIMEOUT_S', '0', 'BUS_MCP_TIMEOUT_S must be a positive number of seconds; using 10.0'],
    ['BUS_MCP_TIMEOUT_S', '-1', 'BUS_MCP_TIMEOUT_S must be a positive number of seconds; using 10.0'],
    [
      'BUS_MCP_AGENT_ID',
      'a\tb',
      'BUS_MCP_AGENT_ID must be one line of 1 to 128 characters, without control characters; using',
    ],
    ['BUS_WRITE_SECRET', ' spaced ', 'BUS_WRITE_SECRET must be printable ASCII'],
  ])('%s=%j falls back, and the fallback is said on standard error', async (name, value, said) => {
    const bus = await startTestBus()
    const { call, stderr } = await connectStdio('legacy', { BUS_MCP_BASE_URL: bus.apiUrl, [name]: value })
    expect((await call('claim_lane', { lane: 'feeds-refactor' })).isError).toBe(false)
    expect(stderr()).toContain(`bus-mcp: ${said}`)
    expect(stderr().trimEnd().split('\n')).toHaveLength(1)
  })

  it('is none when it is empty', async () => {
    const bus = await startTestBus()
    const { call, stderr } = await connectStdio('legacy', {
      BUS_MCP_BASE_URL: bus.apiUrl,
      BUS_MCP_TIMEOUT_S: '',
      BUS_MCP_AGENT_ID: '',
      BUS_WRITE_SECRET: '',
    })
    expect((await call('claim_lane', { lane: 'feeds-refactor' })).isError).toBe(false)
    expect(stderr()).toBe('')
  })
})
