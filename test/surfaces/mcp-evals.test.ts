import { describe, expect, it } from 'vitest'
import { createFakeClock, startTestBus } from '../support/bus.ts'
import { connectHttp, connectStdio, type Era } from '../support/mcp.ts'
import { startWaiting, untilWaiting } from '../support/nodes.ts'
import { createScriptedAgent, listCalls, type ScriptedAgent } from '../support/scripted-agent.ts'

/** An agent called planner at the tools of a bus. */
async function startAgent(
  options: Parameters<typeof startTestBus>[0] = {},
  headers: Record<string, string> = { 'X-Bus-Agent': 'planner' },
  era: Era = 'modern',
) {
  const bus = await startTestBus(options)
  const agent = await createScriptedAgent(await connectHttp(era, bus.mcpUrl, headers), 'planner')
  return { bus, ...bus.client, agent }
}

/** The same, on a bus whose clock moves when it is told to. */
async function startTimedAgent(options: Parameters<typeof startTestBus>[0] = {}) {
  const clock = createFakeClock()
  return { clock, ...(await startAgent({ createClock: () => clock.now, ...options })) }
}

function toolsOf({ steps }: ScriptedAgent) {
  return steps.map(({ tool, isError }) => `${tool} ${isError ? 'refused' : 'ok'}`)
}

describe('an agent that knows nothing but the tools and what refusals say gets out of', () => {
  it('a lane that another holds, by waiting its turn', async () => {
    const { agent, lanes } = await startAgent()
    await lanes.claim({ lane: 'feeds', owner: 'builder' })
    const done = agent.getThrough('claim_lane', { lane: 'feeds' })
    await untilWaiting({ lanes }, 'feeds', 1)
    await lanes.release({ lane: 'feeds', owner: 'builder' })
    expect((await done).fields).toMatchObject({ decision: 'claim', lane: { owner: 'planner', fence: 2 } })
    expect(toolsOf(agent)).toEqual(['claim_lane refused', 'claim_lane ok'])
  })

  it('a lane that another holds, by asking the owner', async () => {
    const { agent, lanes, messages } = await startAgent()
    await lanes.claim({ lane: 'feeds', owner: 'builder' })
    await agent.call('claim_lane', { lane: 'feeds' })
    await agent.follow(1)
    expect((await messages.read({ recipient: 'builder' })).messages).toMatchObject([
      { topic: 'feeds', sender: 'planner', body: 'words of planner' },
    ])
  })

  it('a lane that is free and that others waited for', async () => {
    const { agent, lanes, bus } = await startAgent()
    await lanes.claim({ lane: 'feeds', owner: 'builder' })
    const gone = await startWaiting(bus.client, 'feeds', 'tester', 1, 'a')
    await startWaiting(bus.client, 'feeds', 'writer', 2, 'b')
    gone.abort()
    await untilWaiting(bus.client, 'feeds', 1)
    const done = agent.getThrough('claim_lane', { lane: 'feeds' })
    await untilWaiting(bus.client, 'feeds', 2)
    await lanes.release({ lane: 'feeds', owner: 'builder' })
    await untilWaiting(bus.client, 'feeds', 1)
    await lanes.release({ lane: 'feeds', owner: 'writer', session: 'b' })
    expect((await done).fields).toMatchObject({ decision: 'claim', lane: { owner: 'planner' } })
  })

  it('a lease that lapsed before the heartbeat', async () => {
    const { agent, clock } = await startTimedAgent()
    await agent.call('claim_lane', { lane: 'feeds', lease_s: 60 })
    clock.advance(61_000)
    const { fields } = await agent.getThrough('heartbeat_lane', { lane: 'feeds', lease_s: 60 })
    expect(fields).toMatchObject({ lapsed: true, lane: { owner: 'planner', fence: 2 } })
    expect(toolsOf(agent)).toEqual(['claim_lane ok', 'heartbeat_lane refused', 'claim_lane ok'])
  })

  it('a lane that was stolen while it slept, with the fence of its claim', async () => {
    const { agent, clock, lanes } = await startTimedAgent()
    await agent.call('claim_lane', { lane: 'feeds', lease_s: 60 })
    clock.advance(61_000)
    await lanes.claim({ lane: 'feeds', owner: 'builder', lease_s: 60 })
    const done = agent.getThrough('heartbeat_lane', { lane: 'feeds', fence: 1 })
    await untilWaiting({ lanes }, 'feeds', 1)
    await lanes.release({ lane: 'feeds', owner: 'builder' })
    expect((await done).fields).toMatchObject({ lane: { owner: 'planner', fence: 3 } })
  })

  it('a message under a fence that is too old', async () => {
    const { agent, clock } = await startTimedAgent()
    await agent.call('claim_lane', { lane: 'feeds', lease_s: 60 })
    clock.advance(61_000)
    await agent.call('post_message', { topic: 'converge', body: 'merged', lane: 'feeds', fence: 1 })
    const { fields } = await agent.follow()
    expect(fields).toMatchObject({ lapsed: true, lane: { owner: 'planner', fence: 2 } })
  })

  it('a lane of another that it wants to release', async () => {
    const { agent, lanes, messages } = await startAgent()
    await lanes.claim({ lane: 'feeds', owner: 'builder' })
    await agent.getThrough('release_lane', { lane: 'feeds' })
    expect((await lanes.get({ lane: 'feeds' })).lane).toMatchObject({ owner: 'builder', state: 'held' })
    expect((await messages.read({ recipient: 'builder' })).messages).toMatchObject([{ sender: 'planner' }])
  })

  it('a wait that would never end', async () => {
    const { agent, lanes, bus } = await startAgent()
    await agent.call('claim_lane', { lane: 'feeds' })
    await lanes.claim({ lane: 'schema', owner: 'builder' })
    const waiting = lanes.claim({ lane: 'feeds', owner: 'builder', wait_s: 50 })
    await untilWaiting(bus.client, 'feeds', 1)
    await agent.call('claim_lane', { lane: 'schema', wait_s: 50 })
    expect((await agent.follow(0)).fields).toMatchObject({ decision: 'released', lane: { name: 'feeds' } })
    expect(await waiting).toMatchObject({ decision: 'claim', lane: { name: 'feeds', owner: 'builder' } })
  })

  it('a name that no lane may have', async () => {
    const { agent } = await startAgent()
    const { fields } = await agent.getThrough('claim_lane', { lane: '.github/work flows', note: 'new runners' })
    expect(fields).toMatchObject({ lane: { name: 'github-work-flows', note: 'new runners' } })
  })

  it('a message that is too long', async () => {
    const { agent, messages } = await startAgent()
    await agent.getThrough('post_message', { topic: 'converge', body: 'long '.repeat(20_000), action_flag: true })
    expect((await messages.read({})).messages).toMatchObject([{ topic: 'converge', action_flag: true }])
  })

  it('a message without a topic and with nothing in it', async () => {
    const { agent, messages } = await startAgent()
    await agent.getThrough('post_message', { body: '' })
    expect((await messages.read({})).messages).toMatchObject([{ topic: 'words of planner', body: 'words of planner' }])
  })

  it('a topic that is two lines', async () => {
    const { agent, messages } = await startAgent()
    await agent.getThrough('post_message', { topic: 'first\nsecond', body: 'hello' })
    expect((await messages.read({})).messages).toMatchObject([{ topic: 'first second', body: 'hello' }])
  })

  it('an argument that does not exist', async () => {
    const { agent } = await startAgent()
    const { args } = await agent.getThrough('claim_lane', { lane: 'feeds', leaseSeconds: '60', ttl: 5 })
    expect(args).toEqual({ lane: 'feeds', lease_s: 60 })
    expect((await agent.getThrough('read_messages', { since: 0 })).args).toEqual({ since_id: 0 })
  })

  it('a wait that is too long, a page that is too large and numbers in quotes', async () => {
    const { agent } = await startAgent()
    const claimed = await agent.getThrough('claim_lane', { lane: 'feeds', wait_s: 3_600, lease_s: '90' })
    expect(claimed.args).toEqual({ lane: 'feeds', wait_s: 55, lease_s: 90 })
    const read = await agent.getThrough('read_messages', { limit: 10_000, flagged: 'true' })
    expect(read.args).toEqual({ limit: 500, flagged: true })
  })

  it('a lease that is none', async () => {
    const { agent } = await startAgent()
    const { fields } = await agent.getThrough('claim_lane', { lane: 'feeds', lease_s: -5 })
    expect(fields).toMatchObject({ lease_s: 300 })
  })

  it('a fence without its lane', async () => {
    const { agent, messages } = await startAgent()
    await agent.getThrough('post_message', { topic: 'converge', body: 'merged', fence: 3 })
    expect((await messages.read({})).messages).toMatchObject([{ body: 'merged' }])
  })

  it('a cursor of another log', async () => {
    const { agent, messages } = await startAgent()
    await messages.post({ topic: 'converge', sender: 'builder', body: 'hello' })
    const { fields, args } = await agent.getThrough('read_messages', { topic: 'converge', since_id: 900 })
    expect(args).toEqual({ topic: 'converge' })
    expect(fields).toMatchObject({ messages: [{ body: 'hello' }], next_since_id: 1 })
  })

  it('two cursors that do not go together', async () => {
    const { agent } = await startAgent()
    const { args } = await agent.getThrough('read_messages', { since_id: 0, before_id: 7 })
    expect(args).toEqual({ since_id: 0 })
  })

  it('a bus that does not know who it is', async () => {
    const { agent, lanes } = await startAgent({}, {})
    await agent.getThrough('claim_lane', { lane: 'feeds' })
    expect((await lanes.get({ lane: 'feeds' })).lane).toMatchObject({ owner: 'planner' })
  })

  it('a name of its own that it gave itself, and keeps it', async () => {
    const { agent, clock } = await startTimedAgent()
    await agent.call('claim_lane', { lane: 'feeds', owner: 'reviewer', lease_s: 60 })
    clock.advance(61_000)
    const { fields } = await agent.getThrough('heartbeat_lane', { lane: 'feeds', owner: 'reviewer' })
    expect(fields).toMatchObject({ lane: { owner: 'reviewer', fence: 2 } })
  })

  it('its own name in another session, by waiting', async () => {
    const { bus, lanes } = await startAgent()
    await lanes.claim({ lane: 'feeds', owner: 'planner', session: 'former' })
    const connection = await connectStdio('legacy', { BUS_MCP_BASE_URL: bus.apiUrl, BUS_MCP_AGENT_ID: 'planner' })
    const agent = await createScriptedAgent(connection, 'planner')
    const done = agent.getThrough('claim_lane', { lane: 'feeds' })
    await untilWaiting({ lanes }, 'feeds', 1)
    await lanes.release({ lane: 'feeds', owner: 'planner', session: 'former' })
    expect((await done).fields).toMatchObject({ decision: 'claim', lane: { fence: 2 } })
  })
})

describe('the script itself', () => {
  it('reads the calls out of a text as they stand there', () => {
    const known = new Set(['claim_lane', 'post_message'])
    const text =
      'Held. Next: claim_lane(lane="a (b), \\"c\\"", wait_s=55) to wait; or post_message(body="…", action_flag=true).'
    expect(listCalls(text, known)).toEqual([
      { tool: 'claim_lane', args: { lane: 'a (b), "c"', wait_s: 55 } },
      { tool: 'post_message', args: { body: '…', action_flag: true } },
    ])
    expect(listCalls('Call unknown_tool(lane="a").', known)).toEqual([])
  })

  it('fails when a refusal names nothing to call', async () => {
    const { agent } = await startAgent()
    await agent.call('post_message', { topic: 't', body: 'x', lane: 'feeds' })
    await expect(async () => agent.follow()).rejects.toThrow('the refusal names no call 0')
  })
})
