import { describe, expect, it } from 'vitest'
import { connectStdio, type Era } from '../support/mcp.ts'
import { startOldBus } from '../support/old-bus.ts'

const AGENT = 'planner'
const eras: readonly Era[] = ['legacy', 'modern']

// Its answers have fewer fields than the output schemas name; the SDK's client validates each of them all the same.
describe.each(eras)('the tools of the %s era in front of an old bus', (era) => {
  const connect = (apiUrl: string, env: Record<string, string> = {}) =>
    connectStdio(era, { BUS_MCP_BASE_URL: apiUrl, BUS_MCP_AGENT_ID: AGENT, ...env })

  it('all work, and hand out what the old bus says', async () => {
    const { call } = await connect((await startOldBus()).apiUrl)
    const own = { ok: true, agent_id: AGENT }
    const posted = await call('post_message', { topic: 'converge', body: 'lane merged', action_flag: true })
    expect(posted.fields).toMatchObject({ ...own, id: 1, sender: AGENT, body: 'lane merged', action_flag: true })
    const claimed = await call('claim_lane', { lane: 'feeds-refactor', lease_s: 60, note: 'moving the parser' })
    expect(claimed.fields).toMatchObject({ ...own, decision: 'claim', lane: { owner: AGENT }, lease_s: 60 })
    const renewed = await call('heartbeat_lane', { lane: 'feeds-refactor', fence: 1 })
    expect(renewed.fields).toMatchObject({ ...own, decision: 'heartbeat', lane: { owner: AGENT }, lease_s: 300 })
    const read = await call('read_messages', { topic: 'converge', limit: 10, since_id: 0 })
    expect(read.fields).toMatchObject({ ...own, messages: [{ id: 1, sender: AGENT }] })
    const status = await call('get_bus_status')
    expect(status.fields).toMatchObject({
      ...own,
      active_lanes: [{ owner: AGENT }],
      orphaned_claims: [],
      recent_messages: [{ id: 1 }],
      pending_action_flags: [{ id: 1 }],
    })
    const released = await call('release_lane', { lane: 'feeds-refactor' })
    expect(released.fields).toMatchObject({ ...own, decision: 'released', lane: { owner: null } })
  })

  it('tell its three conflicts in its own words, without a code or a lane that it does not send', async () => {
    // Its clock stands still, however long the processes of both agents take to start.
    const { apiUrl } = await startOldBus({ now: () => 1_900_000_000_000 })
    const builder = await connect(apiUrl, { BUS_MCP_AGENT_ID: 'builder' })
    await builder.call('claim_lane', { lane: 'feeds-refactor', lease_s: 120 })
    const { call } = await connect(apiUrl)
    const conflict = { type: 'bus_api_error', status_code: 409 }
    const claimed = await call('claim_lane', { lane: 'feeds-refactor' })
    expect(claimed.error).toEqual({
      ...conflict,
      tool: 'claim_lane',
      message: "lane 'feeds-refactor' held by 'builder' (lease 120s remaining)",
      detail: claimed.error.message,
      hint: 'Next: claim_lane(lane="feeds-refactor", wait_s=55) to wait your turn; or post_message(topic="feeds-refactor", body="…") to ask the owner.',
    })
    const released = await call('release_lane', { lane: 'feeds-refactor' })
    expect(released.error).toMatchObject({ ...conflict, detail: "lane 'feeds-refactor' held live by another owner" })
    const renewed = await call('heartbeat_lane', { lane: 'feeds-refactor' })
    expect(renewed.error).toMatchObject({
      ...conflict,
      detail: "lane 'feeds-refactor' not held live by 'planner' -- claim it instead",
    })
  })

  it('tell a 401 when it is armed, and send the secret with writes only', async () => {
    const { apiUrl, requests } = await startOldBus({ writeSecret: 'letmein' })
    const stranger = await connect(apiUrl)
    expect((await stranger.call('post_message', { topic: 'converge', body: 'hello' })).error).toMatchObject({
      type: 'bus_api_error',
      status_code: 401,
      detail: 'missing or invalid X-Bus-Secret',
    })
    expect((await stranger.call('read_messages')).isError).toBe(false)
    expect(requests.map(({ headers }) => headers['x-bus-secret'])).toEqual([undefined, undefined])

    const { call } = await connect(apiUrl, { BUS_WRITE_SECRET: 'letmein' })
    expect((await call('post_message', { topic: 'converge', body: 'hello' })).isError).toBe(false)
    expect((await call('get_bus_status')).isError).toBe(false)
    expect(requests.slice(2).map(({ headers }) => headers['x-bus-secret'])).toEqual(['letmein', undefined])
  })

  it('tell a 422 with its list of problems as text', async () => {
    const { call } = await connect((await startOldBus()).apiUrl)
    // A name that only newer buses take.
    const { error } = await call('claim_lane', { lane: 'feeds.refactor' })
    expect(error).toMatchObject({ type: 'bus_api_error', status_code: 422, tool: 'claim_lane' })
    expect(error.detail).toContain('String should match pattern')
    expect(error.message).toBe(error.detail)
  })
})
