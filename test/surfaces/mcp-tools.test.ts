import { describe, expect, it } from 'vitest'
import { VERSION } from '../../src/config.ts'
import { startTestBus } from '../support/bus.ts'
import { mcpWays } from '../support/mcp.ts'

/** The seed's names, in the seed's order. */
const TOOL_NAMES = [
  'post_message',
  'read_messages',
  'claim_lane',
  'release_lane',
  'heartbeat_lane',
  'get_bus_status',
] as const

const AGENT = 'planner'

describe.each(mcpWays)('the tools over $transport to a client of the $era era', ({ connect, era }) => {
  it('are the six of the first bus-mcp, each with its texts, hints and schemas', async () => {
    const { client } = await connect({ bus: await startTestBus(), agentId: AGENT })
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(TOOL_NAMES)
    for (const { name, title, description, annotations, inputSchema } of tools) {
      expect(title, name).toMatch(/^[A-Z]/)
      expect(description?.length, name).toBeGreaterThan(50)
      expect(description?.length, name).toBeLessThanOrEqual(400)
      expect(annotations, name).toEqual({
        readOnlyHint: expect.any(Boolean),
        destructiveHint: expect.any(Boolean),
        idempotentHint: expect.any(Boolean),
        openWorldHint: false,
      })
      expect(inputSchema, name).toMatchObject({ type: 'object', additionalProperties: false })
    }
  })

  it('say which of them only read', async () => {
    const { client } = await connect({ bus: await startTestBus(), agentId: AGENT })
    const { tools } = await client.listTools()
    const readers = tools.filter(({ annotations }) => annotations?.readOnlyHint).map(({ name }) => name)
    expect(readers).toEqual(['read_messages', 'get_bus_status'])
  })

  it('take the parameters of the first bus-mcp, and require only what nobody can know', async () => {
    const { client } = await connect({ bus: await startTestBus(), agentId: AGENT })
    const { tools } = await client.listTools()
    const required = Object.fromEntries(tools.map(({ name, inputSchema }) => [name, inputSchema.required ?? []]))
    expect(required).toEqual({
      post_message: ['topic', 'body'],
      read_messages: [],
      claim_lane: ['lane'],
      release_lane: ['lane'],
      heartbeat_lane: ['lane'],
      get_bus_status: [],
    })
    const names = Object.fromEntries(
      tools.map(({ name, inputSchema }) => [name, Object.keys(inputSchema.properties ?? {})]),
    )
    expect(names.post_message).toEqual(expect.arrayContaining(['topic', 'sender', 'body', 'action_flag']))
    expect(names.read_messages).toEqual(expect.arrayContaining(['topic', 'limit', 'since_id']))
    expect(names.claim_lane).toEqual(expect.arrayContaining(['lane', 'owner', 'lease_s']))
    expect(names.release_lane).toEqual(expect.arrayContaining(['lane', 'owner']))
    expect(names.heartbeat_lane).toEqual(expect.arrayContaining(['lane', 'owner', 'lease_s']))
  })

  it('leave out what is for programs and would only cost a model tokens', async () => {
    const { client } = await connect({ bus: await startTestBus(), agentId: AGENT })
    const { tools } = await client.listTools()
    const names = tools.flatMap(({ inputSchema }) => Object.keys(inputSchema.properties ?? {}))
    for (const name of ['session', 'thread_id']) expect(names).not.toContain(name)
    const release = tools.find(({ name }) => name === 'release_lane')
    expect(Object.keys(release?.inputSchema.properties ?? {})).toEqual(['lane', 'owner', 'fence'])
  })

  it('come with instructions of at most 1,500 characters that name every tool', async () => {
    const { client } = await connect({ bus: await startTestBus(), agentId: AGENT })
    const instructions = client.getInstructions() ?? ''
    expect(instructions.length).toBeLessThanOrEqual(1500)
    for (const name of TOOL_NAMES) expect(instructions).toContain(name)
    expect(client.getServerVersion()).toMatchObject({ name: 'bus-mcp', version: VERSION })
    expect(client.getProtocolEra()).toBe(era)
  })

  it('answer with ok, the fields of the bus and the agent id, the same in the text as in the structure', async () => {
    const { call } = await connect({ bus: await startTestBus(), agentId: AGENT })
    const own = { ok: true, agent_id: AGENT }
    const posted = await call('post_message', { topic: 'converge', body: 'lane merged', action_flag: true })
    expect(posted.fields).toMatchObject({ ...own, id: 1, topic: 'converge', sender: AGENT, action_flag: true })

    const claimed = await call('claim_lane', { lane: 'feeds-refactor', lease_s: 60 })
    expect(claimed.fields).toMatchObject({
      ...own,
      decision: 'claim',
      lease_s: 60,
      lane: { name: 'feeds-refactor', state: 'held', owner: AGENT, fence: 1 },
    })
    const renewed = await call('heartbeat_lane', { lane: 'feeds-refactor', lease_s: 90 })
    expect(renewed.fields).toMatchObject({
      ...own,
      decision: 'heartbeat',
      lease_s: 90,
      lane: { owner: AGENT, fence: 1 },
    })

    const read = await call('read_messages')
    expect(read.fields).toMatchObject({ ...own, messages: [{ id: 1, body: 'lane merged' }], next_since_id: 1 })
    const status = await call('get_bus_status')
    expect(status.fields).toMatchObject({
      ...own,
      active_lanes: [{ name: 'feeds-refactor', owner: AGENT }],
      orphaned_claims: [],
      recent_messages: [{ id: 1 }],
      pending_action_flags: [{ id: 1 }],
      _meta: { arms_nothing: true, version: VERSION },
    })
    const released = await call('release_lane', { lane: 'feeds-refactor' })
    expect(released.fields).toMatchObject({ ...own, decision: 'released', lane: { state: 'free', owner: null } })
  })

  it('act for the sender and the owner that the arguments name', async () => {
    const { call } = await connect({ bus: await startTestBus(), agentId: AGENT })
    const posted = await call('post_message', { topic: 'converge', sender: 'builder', body: 'done' })
    expect(posted.fields).toMatchObject({ sender: 'builder', agent_id: AGENT })
    const claimed = await call('claim_lane', { lane: 'feeds-refactor', owner: 'builder' })
    expect(claimed.fields).toMatchObject({ lane: { owner: 'builder' }, agent_id: AGENT })
    const read = await call('read_messages', { sender: AGENT })
    expect(read.fields.messages).toEqual([])
  })

  it('read on from a cursor, oldest first', async () => {
    const { call } = await connect({ bus: await startTestBus(), agentId: AGENT })
    for (const body of ['one', 'two', 'three']) await call('post_message', { topic: 'converge', body })
    const first = await call('read_messages', { since_id: 0, limit: 2 })
    expect(first.fields).toMatchObject({ messages: [{ body: 'one' }, { body: 'two' }], next_since_id: 2, head_id: 3 })
    const second = await call('read_messages', { since_id: first.fields.next_since_id })
    expect(second.fields).toMatchObject({ messages: [{ body: 'three' }], next_since_id: 3 })
  })
})
