import { ProtocolError } from '@modelcontextprotocol/client'
import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { mcpWays } from '../support/mcp.ts'

const AGENT = 'planner'
const SECRET = 'correct horse battery staple'

describe.each(mcpWays)('a refusal of the bus over $transport in the $era era', ({ connect }) => {
  it('tells who holds the lane, for how long, and what to do, when a claim or a release meets another owner', async () => {
    const bus = await startTestBus()
    await bus.client.lanes.claim({ lane: 'feeds-refactor', owner: 'builder', lease_s: 120, note: 'moving the parser' })
    const { call } = await connect({ bus, agentId: AGENT })
    const held = {
      type: 'bus_api_error',
      status_code: 409,
      code: 'lane_held',
      hint: expect.stringContaining('Wait `retry_after_ms`'),
      request_id: expect.any(String),
      retry_after_ms: expect.any(Number),
      lane: { name: 'feeds-refactor', state: 'held', owner: 'builder', note: 'moving the parser' },
    }
    const claimed = await call('claim_lane', { lane: 'feeds-refactor' })
    expect(claimed.error).toMatchObject({ ...held, tool: 'claim_lane' })
    expect(claimed.error.detail).toMatch(/^lane 'feeds-refactor' held by 'builder' \(lease 1\d\ds remaining\)$/)
    expect(claimed.error.message).toBe(claimed.error.detail)
    expect(claimed.fields.agent_id).toBe(AGENT)

    const released = await call('release_lane', { lane: 'feeds-refactor' })
    expect(released.error).toMatchObject({ ...held, tool: 'release_lane' })
    expect(released.error.detail).toMatch(/^lane 'feeds-refactor' held live by another owner/)
  })

  it('tells to claim the lane when a heartbeat comes from who does not hold it', async () => {
    const { call } = await connect({ bus: await startTestBus(), agentId: AGENT })
    const { error } = await call('heartbeat_lane', { lane: 'feeds-refactor' })
    expect(error).toMatchObject({ type: 'bus_api_error', status_code: 409, code: 'lane_not_held' })
    expect(error.detail).toMatch(/^lane 'feeds-refactor' not held live by 'planner' -- claim it instead/)
    expect(error.hint).toContain('Claim it again')
    expect(error.lane).toMatchObject({ state: 'free', owner: null })
  })

  it('tells that the tenure is over when a heartbeat names an older fence', async () => {
    const { call } = await connect({ bus: await startTestBus(), agentId: AGENT })
    await call('claim_lane', { lane: 'feeds-refactor' })
    await call('release_lane', { lane: 'feeds-refactor' })
    await call('claim_lane', { lane: 'feeds-refactor' })
    const { error } = await call('heartbeat_lane', { lane: 'feeds-refactor', fence: 1 })
    expect(error).toMatchObject({ status_code: 409, code: 'lease_lost', lane: { fence: 2 } })
    expect(error.hint).toContain('Stop working')
  })

  it('is a 401 for each of the four writes without the secret of an armed bus, while both reads go on', async () => {
    const bus = await startTestBus({ writeSecret: SECRET })
    const { call } = await connect({ bus, agentId: AGENT })
    for (const [tool, args] of [
      ['post_message', { topic: 'converge', body: 'hello' }],
      ['claim_lane', { lane: 'feeds-refactor' }],
      ['heartbeat_lane', { lane: 'feeds-refactor' }],
      ['release_lane', { lane: 'feeds-refactor' }],
    ] as const) {
      const { error } = await call(tool, args)
      expect(error).toMatchObject({
        tool,
        type: 'bus_api_error',
        status_code: 401,
        code: 'write_secret_required',
        detail: 'missing or invalid X-Bus-Secret',
        hint: expect.stringContaining('BUS_WRITE_SECRET'),
      })
    }
    expect((await call('read_messages')).fields.messages).toEqual([])
    expect((await call('get_bus_status')).fields).toMatchObject({
      active_lanes: [],
      _meta: { write_secret_required: true },
    })
  })

  it('is a 401 with a wrong secret, and none with the right one', async () => {
    const bus = await startTestBus({ writeSecret: SECRET })
    const wrong = await connect({ bus, agentId: AGENT, writeSecret: `${SECRET}!` })
    expect((await wrong.call('claim_lane', { lane: 'feeds-refactor' })).error).toMatchObject({ status_code: 401 })
    const right = await connect({ bus, agentId: AGENT, writeSecret: SECRET })
    expect((await right.call('claim_lane', { lane: 'feeds-refactor' })).isError).toBe(false)
    expect((await right.call('post_message', { topic: 'converge', body: 'hello' })).isError).toBe(false)
  })
})

describe.each(mcpWays)('invalid_arguments over $transport in the $era era', ({ connect }) => {
  const ownKnown = 'known: lane, owner, lease_s, wait_s, note'
  const cases: readonly [string, string, Record<string, unknown>, string, string][] = [
    ['a missing argument', 'claim_lane', {}, 'lane', 'lane is required'],
    ['a misspelt argument', 'claim_lane', { lane: 'a', leases: 5 }, 'leases', `unknown argument "leases"; ${ownKnown}`],
    ['an argument of a tool with hardly any', 'get_bus_status', { verbose: true }, 'verbose', 'known: detail'],
    ['a number for a text', 'claim_lane', { lane: 5 }, 'lane', 'lane must be a string'],
    ['a text for a number', 'claim_lane', { lane: 'a', lease_s: '300' }, 'lease_s', 'a positive number of seconds'],
    [
      'a text for a boolean',
      'post_message',
      { topic: 'a', body: 'b', action_flag: 'yes' },
      'action_flag',
      'true or false',
    ],
    ['a lease of zero', 'claim_lane', { lane: 'a', lease_s: 0 }, 'lease_s', 'a positive number of seconds, as in 300'],
    ['a limit past the page', 'read_messages', { limit: 501 }, 'limit', 'limit must be an integer from 1 to 500'],
    ['a negative cursor', 'read_messages', { since_id: -1 }, 'since_id', 'since_id must be 0 or more'],
    ['a cursor between two ids', 'read_messages', { since_id: 1.5 }, 'since_id', 'since_id must be an integer'],
    ['a lane name with a space', 'release_lane', { lane: 'feeds refactor' }, 'lane', 'as in "feeds-refactor"'],
    ['an empty topic', 'post_message', { topic: ' ', body: 'b' }, 'topic', 'topic must not be empty'],
    [
      'a topic of 129 characters',
      'post_message',
      { topic: 'x'.repeat(129), body: 'b' },
      'topic',
      'at most 128 characters',
    ],
    ['a body with NUL', 'post_message', { topic: 'a', body: 'a\0b' }, 'body', 'without NUL'],
    ['a body over 64 KiB', 'post_message', { topic: 'a', body: 'x'.repeat(65_537) }, 'body', 'post it in parts'],
    ['a sender on two lines', 'post_message', { topic: 'a', body: 'b', sender: 'a\nb' }, 'sender', 'must be one line'],
    [
      'a fence that is none',
      'heartbeat_lane',
      { lane: 'a', fence: 'first' },
      'fence',
      'the integer that the claim returned',
    ],
  ]

  it('names the argument and the fix, and changes nothing', async () => {
    const bus = await startTestBus()
    const { call } = await connect({ bus, agentId: AGENT })
    for (const [what, tool, args, path, fix] of cases) {
      const { error, fields } = await call(tool, args)
      expect(error, what).toMatchObject({ type: 'invalid_arguments', tool })
      expect(error.errors, what).toContainEqual({ path, message: expect.stringContaining(fix) })
      expect(error.message, what).toContain(`${tool}: `)
      expect(error.message, what).toContain(fix)
      expect(fields.agent_id, what).toBe(AGENT)
    }
    expect(await bus.client.status.get({})).toMatchObject({ _meta: { active_lane_count: 0, message_count: 0 } })
  })

  it('names every argument that is wrong, at once', async () => {
    const { call } = await connect({ bus: await startTestBus(), agentId: AGENT })
    const { error } = await call('post_message', { action_flag: 1 })
    expect(error.message).toBe('post_message: topic is required; body is required; action_flag must be true or false')
  })

  it('is not for a tool that does not exist, which is an error of the protocol', async () => {
    const { client } = await connect({ bus: await startTestBus(), agentId: AGENT })
    const call = client.callTool({ name: 'steal_lane', arguments: {} })
    await expect(call).rejects.toThrow(ProtocolError)
    await expect(call).rejects.toMatchObject({ code: -32602, message: expect.stringContaining('steal_lane') })
  })
})
