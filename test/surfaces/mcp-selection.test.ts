import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { openSession, readMessages, readToolAnswer } from '../support/http-session.ts'
import { toolCall } from '../support/json-rpc.ts'
import { connectHttp, connectStdio, type Era } from '../support/mcp.ts'

const CORE = ['post_message', 'read_messages', 'claim_lane', 'release_lane', 'heartbeat_lane', 'get_bus_status']
const ERAS: readonly Era[] = ['legacy', 'modern']

/** What is listed, by a server with these variables, and by a bus with these settings to a caller with these headers. */
async function listStdio(era: Era, env: Record<string, string>) {
  const bus = await startTestBus()
  const connection = await connectStdio(era, { BUS_MCP_BASE_URL: bus.apiUrl, ...env })
  return { ...connection, names: await namesOf(connection.client) }
}

async function namesOf(client: { listTools(): Promise<{ tools: readonly { name: string }[] }> }) {
  return (await client.listTools()).tools.map(({ name }) => name)
}

describe.each(ERAS)('the choice of tools in the %s era', (era) => {
  it.each([
    [{}, CORE],
    [{ BUS_MCP_READ_ONLY: '1' }, ['read_messages', 'get_bus_status']],
    [{ BUS_MCP_TOOLSETS: 'flags' }, ['acknowledge_message', 'get_attention']],
    [{ BUS_MCP_TOOLSETS: 'core,history' }, [...CORE.slice(0, 5), 'get_lane_history', 'get_timeline', 'get_bus_status']],
    [{ BUS_MCP_TOOLS: 'claim_lane, get_timeline' }, ['claim_lane', 'get_timeline']],
    [
      { BUS_MCP_TOOLSETS: 'flags', BUS_MCP_TOOLS: 'post_message' },
      ['post_message', 'acknowledge_message', 'get_attention'],
    ],
    [{ BUS_MCP_EXCLUDE_TOOLS: 'post_message' }, CORE.slice(1)],
    [{ BUS_MCP_TOOLS: 'claim_lane', BUS_MCP_EXCLUDE_TOOLS: 'claim_lane' }, []],
    [
      { BUS_MCP_TOOLSETS: 'all', BUS_MCP_READ_ONLY: 'true' },
      ['read_messages', 'get_lane_history', 'get_timeline', 'get_bus_status', 'get_attention'],
    ],
  ])('over stdio with %j', async (env, expected) => {
    expect((await listStdio(era, env)).names).toEqual(expected)
  })

  it('refuses a tool that is not offered, and changes nothing', async () => {
    const bus = await startTestBus()
    const { client } = await connectStdio(era, { BUS_MCP_BASE_URL: bus.apiUrl, BUS_MCP_READ_ONLY: '1' })
    const calling = client.callTool({ name: 'claim_lane', arguments: { lane: 'feeds' } })
    await expect(calling).rejects.toThrow('Tool claim_lane disabled')
    expect((await bus.client.lanes.list({})).lanes).toEqual([])
  })

  it('says which name is of no tool or toolset, and goes on without it', async () => {
    const { names, stderr } = await listStdio(era, { BUS_MCP_TOOLSETS: 'core,flag', BUS_MCP_EXCLUDE_TOOLS: 'post' })
    expect(names).toEqual(CORE)
    expect(stderr()).toContain('there is no toolset \\"flag\\"; known: all, core, flags, history')
    expect(stderr()).toContain('there is no tool \\"post\\"; known: post_message, ')
  })

  it('is narrowed at /mcp by each caller, and never widened beyond what the bus allows', async () => {
    const bus = await startTestBus({ excludeTools: ['release_lane'] })
    const list = async (headers: Record<string, string>, mcpUrl = bus.mcpUrl) =>
      namesOf((await connectHttp(era, mcpUrl, headers)).client)
    expect(await list({})).toEqual(CORE.filter((name) => name !== 'release_lane'))
    expect(await list({ 'X-Bus-Read-Only': '1' })).toEqual(['read_messages', 'get_bus_status'])
    expect(await list({ 'X-Bus-Toolsets': 'flags' })).toEqual(['acknowledge_message', 'get_attention'])
    expect(await list({ 'X-Bus-Tools': 'release_lane,claim_lane' })).toEqual(['claim_lane'])
    expect(await list({ 'X-Bus-Exclude-Tools': 'post_message,get_bus_status' })).toEqual([
      'read_messages',
      'claim_lane',
      'heartbeat_lane',
    ])
    const readOnly = await startTestBus({ readOnly: true, toolsets: ['core'] })
    expect(await list({ 'X-Bus-Read-Only': '0' }, readOnly.mcpUrl)).toEqual(['read_messages', 'get_bus_status'])
    expect(await list({ 'X-Bus-Toolsets': 'all' }, readOnly.mcpUrl)).toEqual(['read_messages', 'get_bus_status'])
  })
})

describe('a session over HTTP', () => {
  it('writes for no request that may only read, whoever opened it', async () => {
    const bus = await startTestBus()
    const session = await openSession(bus.mcpUrl)
    const headers = { 'X-Bus-Agent': 'ann', 'X-Bus-Read-Only': '1' }
    const [refused] = await readMessages(await session.post(toolCall(1, 'claim_lane', { lane: 'a' }), { headers }))
    expect(JSON.stringify(refused)).toContain('Tool claim_lane disabled')
    expect(await readToolAnswer(await session.post(toolCall(2, 'read_messages', {}), { headers }))).toMatchObject({
      ok: true,
    })
    expect((await bus.client.lanes.list({})).lanes).toEqual([])
  })
})

describe.each(ERAS)('an agent in the %s era', (era) => {
  it('tells an agent that has other tools than the six which it has, and why it has none', async () => {
    const bus = await startTestBus()
    const instructionsOf = async (headers: Record<string, string>) =>
      (await connectHttp(era, bus.mcpUrl, headers)).client.getInstructions()
    expect(await instructionsOf({})).not.toContain('Here you have')
    expect(await instructionsOf({ 'X-Bus-Read-Only': '1' })).toMatch(
      /Here you have only read_messages, get_bus_status\.$/,
    )
    expect(await instructionsOf({ 'X-Bus-Toolsets': 'flgs' })).toMatch(
      /Here you have no tool at all\. \(there is no toolset "flgs"; known: all, core, flags, history\)$/,
    )
  })
})
