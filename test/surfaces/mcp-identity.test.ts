import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import { writeCall } from '../../src/core/advice.ts'
import { startTestBus } from '../support/bus.ts'
import { connectHttp, connectStdio, type Era } from '../support/mcp.ts'

const eras: readonly Era[] = ['legacy', 'modern']

describe.each(eras)('the agent behind an MCP client of the %s era', (era) => {
  it('is the session of its process over stdio when nobody named it', async () => {
    const bus = await startTestBus()
    const { call, pid } = await connectStdio(era, { BUS_MCP_BASE_URL: bus.apiUrl })
    const agentId = `session:${hostname()}:${pid}`
    const { fields } = await call('claim_lane', { lane: 'feeds-refactor' })
    expect(fields).toMatchObject({ agent_id: agentId, lane: { owner: agentId } })
  })

  it('is another one for each process', async () => {
    const bus = await startTestBus()
    const one = await connectStdio(era, { BUS_MCP_BASE_URL: bus.apiUrl })
    const two = await connectStdio(era, { BUS_MCP_BASE_URL: bus.apiUrl })
    expect((await one.call('claim_lane', { lane: 'feeds-refactor' })).isError).toBe(false)
    expect((await two.call('claim_lane', { lane: 'feeds-refactor' })).error.code).toBe('lane_held')
  })

  it('falls back to the session, and says so, when BUS_MCP_AGENT_ID cannot be used', async () => {
    const bus = await startTestBus()
    const env = { BUS_MCP_BASE_URL: bus.apiUrl, BUS_MCP_AGENT_ID: 'x'.repeat(129) }
    const { call, pid, stderr } = await connectStdio(era, env)
    expect((await call('get_bus_status')).fields.agent_id).toBe(`session:${hostname()}:${pid}`)
    expect(stderr()).toContain('BUS_MCP_AGENT_ID must be one line of 1 to 128 characters')
  })

  it.each<[string, Record<string, string>]>([
    ['without X-Bus-Agent', {}],
    ['with an empty one', { 'X-Bus-Agent': ' ' }],
  ])('is asked to name itself over HTTP %s, and reads without a name', async (_, headers) => {
    const bus = await startTestBus()
    const { call } = await connectHttp(era, bus.mcpUrl, headers)
    for (const [tool, args, actor] of [
      ['claim_lane', { lane: 'feeds-refactor' }, 'owner'],
      ['release_lane', { lane: 'feeds-refactor' }, 'owner'],
      ['heartbeat_lane', { lane: 'feeds-refactor' }, 'owner'],
      ['post_message', { topic: 'converge', body: 'hello' }, 'sender'],
    ] as const) {
      const { error, fields } = await call(tool, args)
      const message = `${actor} is required here: name yourself, or set the header X-Bus-Agent in the client's configuration`
      expect(error).toEqual({
        type: 'invalid_arguments',
        tool,
        message: `${tool}: ${message}`,
        errors: [{ path: actor, message }],
        hint: `Next: ${writeCall(tool, { ...args, [actor]: '…' })}.`,
      })
      expect(fields).not.toHaveProperty('agent_id')
    }
    const named = await call('claim_lane', { lane: 'feeds-refactor', owner: 'builder' })
    expect(named.fields).toMatchObject({ ok: true, lane: { owner: 'builder' } })
    const status = await call('get_bus_status')
    expect(status.isError).toBe(false)
    expect(status.fields).not.toHaveProperty('agent_id')
  })

  it('is told when the name in X-Bus-Agent is too long', async () => {
    const bus = await startTestBus()
    const { call } = await connectHttp(era, bus.mcpUrl, { 'X-Bus-Agent': 'x'.repeat(129) })
    const { error } = await call('claim_lane', { lane: 'feeds-refactor' })
    expect(error).toMatchObject({ type: 'invalid_arguments', errors: [{ path: 'owner' }] })
  })

  it('is told from another of its name over HTTP by X-Bus-Session', async () => {
    const bus = await startTestBus()
    const connect = async (session: string) =>
      connectHttp(era, bus.mcpUrl, { 'X-Bus-Agent': 'planner', 'X-Bus-Session': session })
    const [one, two] = [await connect('one'), await connect('two')]
    await one.call('claim_lane', { lane: 'feeds' })
    expect((await two.call('claim_lane', { lane: 'feeds' })).error.message).toContain(
      "held by 'planner' in another session",
    )
    expect((await one.call('claim_lane', { lane: 'feeds' })).fields).toMatchObject({ decision: 'renew' })
  })
})
