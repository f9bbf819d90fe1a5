import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeCall } from '../../src/core/advice.ts'
import { createTempFolder } from '../support/bus.ts'
import { answerWith, findClosedUrl, startFakeServer, startFakeSocketServer } from '../support/fake-server.ts'
import { connectStdio, type Era, type ToolClient } from '../support/mcp.ts'
import { startBusProcess } from '../support/process.ts'

const eras: readonly Era[] = ['legacy', 'modern']

const connect = (baseUrl: string, env: Record<string, string> = {}) =>
  connectStdio('legacy', { BUS_MCP_BASE_URL: baseUrl, BUS_MCP_AGENT_ID: 'planner', ...env })

describe('bus_unreachable', () => {
  it('says that the connection was refused, where it looked and how to start the bus, for every tool', async () => {
    const baseUrl = await findClosedUrl()
    const { call } = await connect(baseUrl)
    for (const [tool, args] of [
      ['post_message', { topic: 'converge', body: 'hello' }],
      ['read_messages', {}],
      ['claim_lane', { lane: 'feeds-refactor' }],
      ['release_lane', { lane: 'feeds-refactor' }],
      ['heartbeat_lane', { lane: 'feeds-refactor' }],
      ['get_bus_status', {}],
    ] as const) {
      const { error, fields } = await call(tool, args)
      expect(error).toEqual({
        type: 'bus_unreachable',
        tool,
        base_url: baseUrl,
        message: `no bus at ${baseUrl}: connection refused. Start the bus with "bus-mcp serve", or set BUS_MCP_BASE_URL to where it runs.`,
        hint: `Next: ${writeCall(tool, args)} when the bus runs again.`,
      })
      expect(fields.agent_id).toBe('planner')
    }
  })

  it('says that the host is unknown', async () => {
    const { call } = await connect('http://bus.invalid:8100/api/bus')
    const { error } = await call('get_bus_status')
    expect(error).toMatchObject({ type: 'bus_unreachable', base_url: 'http://bus.invalid:8100/api/bus' })
    // The second is what a machine without a name server says.
    expect(error.message).toMatch(
      /bus\.invalid:8100\/api\/bus: (no such host|the host name could not be resolved)\. Start/,
    )
  })

  it('says which base URL is malformed', async () => {
    for (const baseUrl of [
      'localhost:8100',
      'not a url',
      'ftp://127.0.0.1/api/bus',
      'http://',
      'http://127.0.0.1:99999',
    ]) {
      const { call } = await connect(baseUrl)
      const { error } = await call('claim_lane', { lane: 'feeds-refactor' })
      expect(error).toMatchObject({
        type: 'bus_unreachable',
        base_url: baseUrl,
        message: expect.stringContaining(`no bus at ${baseUrl}: the base URL is not one of http:// or https://`),
      })
      expect(error).not.toHaveProperty('outcome_unknown')
    }
  })

  it('says how long it waited, and that a write may have been carried out', async () => {
    const { baseUrl } = await startFakeSocketServer(() => {})
    const { call } = await connect(baseUrl, { BUS_MCP_TIMEOUT_S: '0.2' })
    const read = await call('get_bus_status')
    expect(read.error.message).toContain('no answer within 0.2 s. Start the bus')
    expect(read.error).not.toHaveProperty('outcome_unknown')
    const write = await call('claim_lane', { lane: 'feeds-refactor' })
    expect(write.error).toMatchObject({ type: 'bus_unreachable', outcome_unknown: true })
    expect(write.error.message).toContain('no answer within 0.2 s. The call may have been carried out.')
    expect(write.error.hint).toBe('Next: claim_lane(lane="feeds-refactor").')
  })

  it('is no reason to say the same twice, either, when the bus itself does not know the outcome', async () => {
    const body = { detail: 'no sync', code: 'store_unavailable', request_id: 'x', outcome_unknown: true }
    const { baseUrl } = await startFakeServer(answerWith(503, JSON.stringify(body)))
    const { call } = await connect(baseUrl)
    const { error } = await call('post_message', { topic: 'converge', body: 'hello' })
    expect(error.hint).toContain('Next: read_messages(topic="converge") to see whether it is there; if not, ')
  })

  it('says that the connection broke off, and that a write may have been carried out', async () => {
    const { baseUrl } = await startFakeSocketServer((socket) => socket.destroy())
    const { call } = await connect(baseUrl)
    const read = await call('read_messages')
    expect(read.error.message).toContain('the connection broke off')
    const write = await call('post_message', { topic: 'converge', body: 'hello' })
    expect(write.error).toMatchObject({ type: 'bus_unreachable', outcome_unknown: true })
  })

  it('says so when an answer breaks off in its middle', async () => {
    const half = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"messages": ['
    const { baseUrl } = await startFakeSocketServer((socket) => socket.end(half))
    const { call } = await connect(baseUrl)
    expect((await call('read_messages')).error).toMatchObject({ type: 'bus_unreachable' })
  })

  it('is what what does not speak HTTP gets', async () => {
    const { baseUrl } = await startFakeSocketServer((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'))
    const { call } = await connect(baseUrl)
    expect((await call('get_bus_status')).error).toMatchObject({ type: 'bus_unreachable' })
  })
})

describe('something else than a bus', () => {
  const html = '<!doctype html><title>Welcome</title>'

  it.each([200, 404, 502])('is a bus_api_error when it answers %d with HTML', async (status) => {
    const { baseUrl } = await startFakeServer(answerWith(status, html, 'text/html'))
    const { call } = await connect(baseUrl)
    const { error } = await call('get_bus_status')
    expect(error).toMatchObject({
      type: 'bus_api_error',
      status_code: status,
      detail: expect.stringContaining('text/html'),
    })
    expect(error.message).toBe(error.detail)
    expect(JSON.stringify(error)).not.toContain('doctype')
  })

  it('is a bus_api_error when it answers a redirect, which is not followed', async () => {
    const { baseUrl } = await startFakeServer((_, response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
    })
    const { call } = await connect(baseUrl)
    expect((await call('get_bus_status')).error).toMatchObject({ type: 'bus_api_error', status_code: 302 })
  })

  it.each([
    ['has no field of the answer', '{"status":"ok"}'],
    ['has a field of another type', '{"ok":true,"decision":"claim","lane":"feeds-refactor","messages":"none"}'],
    ['is no object', '[]'],
    ['is empty', ''],
  ])('is a bus_api_error, never a yes, when its JSON %s', async (_, body) => {
    const { baseUrl } = await startFakeServer(answerWith(200, body))
    const { call } = await connect(baseUrl)
    for (const [tool, args] of [
      ['claim_lane', { lane: 'feeds-refactor' }],
      ['read_messages', {}],
      ['get_bus_status', {}],
    ] as const) {
      const { error } = await call(tool, args)
      expect(error).toMatchObject({ type: 'bus_api_error', status_code: 200, tool })
      expect(error.message).toContain('what answered is no bus')
    }
  })
})

describe.each(eras)('an MCP server of the %s era whose bus is killed', (era) => {
  it('answers bus_unreachable to the calls under way, and works again with the next bus', async () => {
    const databaseUrl = `sqlite:${join(createTempFolder(), 'bus.db')}`
    const bus = await startBusProcess(['--port', '0', '--database-url', databaseUrl])
    const agent = await connectStdio(era, { BUS_MCP_BASE_URL: bus.apiUrl, BUS_MCP_AGENT_ID: 'planner' })
    expect((await agent.call('claim_lane', { lane: 'feeds-refactor' })).isError).toBe(false)

    let loops: ReturnType<typeof postUntilRefused>[] = []
    await new Promise<void>((onPosted) => {
      loops = Array.from({ length: 4 }, () => postUntilRefused(agent, onPosted))
    })
    await bus.kill()
    const results = await Promise.all(loops)
    for (const { error } of results) expect(error).toMatchObject({ type: 'bus_unreachable', tool: 'post_message' })
    expect((await agent.call('get_bus_status')).error.message).toContain('connection refused')

    const { port } = new URL(bus.origin)
    await startBusProcess(['--port', port, '--database-url', databaseUrl])
    const renewed = await agent.call('heartbeat_lane', { lane: 'feeds-refactor' })
    expect(renewed.fields).toMatchObject({ ok: true, lane: { owner: 'planner', fence: 1 } })
    const posted = results.reduce((sum, { count }) => sum + count, 0)
    const { _meta: meta } = (await agent.call('get_bus_status')).fields
    // Those whose answer was lost may have been kept, too.
    expect(meta).toMatchObject({ message_count: expect.toSatisfy((kept: number) => kept >= posted) })
  })
})

async function postUntilRefused({ call }: ToolClient, onPosted: () => void) {
  for (let count = 0; ; count++) {
    const { isError, error } = await call('post_message', { topic: 'load', body: `message ${count}` })
    if (isError) return { count, error }
    onPosted()
  }
}
