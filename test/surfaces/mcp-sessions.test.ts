import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { connectHttp, connectStdio, type Era } from '../support/mcp.ts'

const AGENT = 'planner'
const lane = 'feeds-refactor'
const eras: readonly Era[] = ['legacy', 'modern']

describe.each(eras)('two MCP servers on standard input and output under one name, era %s', (era) => {
  const connect = (apiUrl: string, env: Record<string, string> = {}) =>
    connectStdio(era, { BUS_MCP_BASE_URL: apiUrl, BUS_MCP_AGENT_ID: AGENT, ...env })

  it('are two holders, and the one that is refused learns why its own name is in its way', async () => {
    const bus = await startTestBus()
    const [one, two] = await Promise.all([connect(bus.apiUrl), connect(bus.apiUrl)])
    expect((await one.call('claim_lane', { lane })).fields).toMatchObject({ ok: true, decision: 'claim' })
    const held = "held by 'planner' in another session (lease "
    for (const [tool, code, text] of [
      ['claim_lane', 'lane_held', `lane '${lane}' ${held}`],
      ['release_lane', 'lane_held', `lane '${lane}' ${held}`],
      ['heartbeat_lane', 'lane_not_held', `lane '${lane}' not held live by 'planner' -- claim it instead (${held}`],
    ] as const) {
      const { error } = await two.call(tool, { lane })
      expect(error).toMatchObject({ code, detail: expect.stringContaining(text) })
    }
    const fenced = { topic: 'converge', body: 'half done', lane, fence: 1 }
    expect((await two.call('post_message', fenced)).error).toMatchObject({ code: 'lease_lost' })
    expect((await one.call('post_message', fenced)).fields).toMatchObject({ ok: true, lane, fence: 1 })
    for (const tool of ['heartbeat_lane', 'claim_lane', 'release_lane']) {
      expect((await one.call(tool, { lane })).fields, tool).toMatchObject({ ok: true, lane: { fence: 1 } })
    }
    expect((await two.call('claim_lane', { lane })).fields).toMatchObject({ decision: 'claim', lane: { fence: 2 } })
  })

  it('are one holder when BUS_MCP_SESSION is the same for both', async () => {
    const bus = await startTestBus()
    const env = { BUS_MCP_SESSION: 'nightly' }
    const [one, two] = await Promise.all([connect(bus.apiUrl, env), connect(bus.apiUrl, env)])
    await one.call('claim_lane', { lane })
    expect((await two.call('claim_lane', { lane })).fields).toMatchObject({ decision: 'renew', lane: { fence: 1 } })
    expect((await two.call('heartbeat_lane', { lane })).isError).toBe(false)
    expect((await two.call('release_lane', { lane })).fields).toMatchObject({ decision: 'released' })
  })

  it('show their session to nobody, and take none from their agent', async () => {
    const bus = await startTestBus()
    const one = await connect(bus.apiUrl, { BUS_MCP_SESSION: 'secret-handle' })
    const claimed = await one.call('claim_lane', { lane })
    const refused = await (await connect(bus.apiUrl)).call('claim_lane', { lane })
    const status = await one.call('get_bus_status')
    expect(JSON.stringify([claimed, refused, status])).not.toContain('secret-handle')
    const misled = await one.call('claim_lane', { lane, session: 'secret-handle' })
    expect(misled.error).toMatchObject({ type: 'invalid_arguments', errors: [{ path: 'session' }] })
  })
})

describe.each(eras)('MCP over HTTP, era %s', (era) => {
  it('tells the bus of no session: whoever comes under one name is one holder', async () => {
    const bus = await startTestBus()
    const one = await connectHttp(era, bus.mcpUrl, { 'X-Bus-Agent': AGENT })
    const two = await connectHttp(era, bus.mcpUrl, { 'X-Bus-Agent': AGENT })
    await one.call('claim_lane', { lane })
    expect((await two.call('claim_lane', { lane })).fields).toMatchObject({ decision: 'renew' })
    expect((await bus.client.lanes.release({ lane, owner: AGENT })).decision).toBe('released')
  })
})
