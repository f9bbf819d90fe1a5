import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type BusClient, createBusClient } from '../../src/client/index.ts'
import { createFakeClock, createTempFolder, startTestBus } from '../support/bus.ts'
import { startFakeServer } from '../support/fake-server.ts'
import { connectHttp, connectStdio, type Era, type Fields, toFields } from '../support/mcp.ts'
import { startOldBus } from '../support/old-bus.ts'
import { startBusProcess } from '../support/process.ts'

const AGENT = 'planner'
const lane = 'feeds-refactor'
/** Short, and long enough for a busy machine to renew it at a third. */
const lease_s = 3
const keep = { lane, lease_s, keep_alive: true }
const eras: readonly Era[] = ['legacy', 'modern']

const connect = (apiUrl: string, env: Record<string, string> = {}, era: Era = 'legacy') =>
  connectStdio(era, { BUS_MCP_BASE_URL: apiUrl, BUS_MCP_AGENT_ID: AGENT, ...env })

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 25))
}

function untilState({ lanes }: BusClient, state: string, name = lane): Promise<void> {
  return until(async () => (await lanes.get({ lane: name })).lane.state === state)
}

async function countHeartbeats({ lanes }: BusClient): Promise<number> {
  const { events } = await lanes.history({ lane, limit: 500 })
  return events.filter(({ event }) => event === 'heartbeat').length
}

describe.each(eras)('claim_lane with keep_alive over stdio, era %s', (era) => {
  it('keeps the lane for longer than several leases without a call; without keep_alive it lapses', async () => {
    const { apiUrl, client } = await startTestBus()
    const { call } = await connect(apiUrl, {}, era)
    const claimed = await call('claim_lane', keep)
    expect(claimed.fields).toMatchObject({ ok: true, decision: 'claim', lease_s, kept_for_s: 3600 })
    const left = await call('claim_lane', { lane: 'left', lease_s })
    expect(left.fields).not.toHaveProperty('kept_for_s')
    await untilState(client, 'orphaned', 'left')
    await until(async () => (await countHeartbeats(client)) >= 5)
    expect((await client.lanes.get({ lane })).lane).toMatchObject({ state: 'held', owner: AGENT, fence: 1, lease_s })
    expect((await call('release_lane', { lane })).fields).toMatchObject({ decision: 'released' })
  })

  it('is an argument of claim_lane only, and of none at /mcp, where no process could renew', async () => {
    const bus = await startTestBus()
    const over = { stdio: await connect(bus.apiUrl, {}, era), http: await connectHttp(era, bus.mcpUrl) }
    const listTakers = async ({ client }: (typeof over)['http']) => {
      const { tools } = await client.listTools()
      return tools.filter(({ inputSchema }) => 'keep_alive' in (inputSchema.properties ?? {})).map(({ name }) => name)
    }
    expect([await listTakers(over.stdio), await listTakers(over.http)]).toEqual([['claim_lane'], []])
    const { error } = await over.http.call('claim_lane', { ...keep, owner: AGENT })
    expect(error).toMatchObject({ type: 'invalid_arguments', errors: [{ path: 'keep_alive' }] })
    expect((await over.stdio.call('claim_lane', { lane, keep_alive: 'yes' })).error.message).toBe(
      'claim_lane: keep_alive must be true or false',
    )
  })

  it('tells a loss with the next result of any tool, once, whether that succeeded or not', async () => {
    const clock = createFakeClock()
    const { apiUrl, client } = await startTestBus({ createClock: () => clock.now })
    const { call } = await connect(apiUrl, {}, era)
    const failing = () => call('heartbeat_lane', { lane: 'never-claimed' })
    for (const ask of [() => call('get_bus_status'), failing]) {
      await call('claim_lane', keep)
      clock.advance(lease_s * 1000)
      await client.lanes.claim({ lane, owner: 'builder', lease_s: 60 })
      let fields: Fields = {}
      await until(async () => {
        fields = (await ask()).fields
        return fields.lost !== undefined
      })
      expect(fields.lost).toEqual([{ lane, reason: expect.stringMatching(/held by 'builder'|lapsed at/) }])
      expect((await call('get_bus_status')).fields).not.toHaveProperty('lost')
      expect((await call('claim_lane', keep)).isError).toBe(true)
      await client.lanes.release({ lane, owner: 'builder' })
    }
  })
})

describe('a lane that is kept alive', () => {
  it('stays kept when it is claimed again without a word of it, and lapses when that says keep_alive false', async () => {
    const { apiUrl, client } = await startTestBus()
    const { call } = await connect(apiUrl)
    await call('claim_lane', keep)
    const again = await call('claim_lane', { lane, lease_s })
    expect(again.fields).toMatchObject({ decision: 'renew', kept_for_s: expect.any(Number) })
    await until(async () => (await countHeartbeats(client)) >= 2)
    const ended = await call('claim_lane', { lane, lease_s, keep_alive: false })
    expect(ended.fields).toMatchObject({ decision: 'renew' })
    expect(ended.fields).not.toHaveProperty('kept_for_s')
    await untilState(client, 'orphaned')
    expect((await call('get_bus_status')).fields).not.toHaveProperty('lost')
  })

  it('is not kept any more once release_lane succeeded', async () => {
    const { apiUrl, client } = await startTestBus()
    const { call } = await connect(apiUrl)
    await call('claim_lane', keep)
    await call('release_lane', { lane })
    expect((await call('claim_lane', { lane, lease_s })).fields).not.toHaveProperty('kept_for_s')
    await untilState(client, 'orphaned')
    expect((await call('get_bus_status')).fields).not.toHaveProperty('lost')
  })

  it('is not kept when the claim is refused', async () => {
    const { apiUrl, client } = await startTestBus()
    await client.lanes.claim({ lane, owner: 'builder', lease_s: 60 })
    const { call } = await connect(apiUrl)
    expect((await call('claim_lane', keep)).error.code).toBe('lane_held')
    await client.lanes.release({ lane, owner: 'builder' })
    expect((await call('claim_lane', { lane, lease_s })).fields).not.toHaveProperty('kept_for_s')
  })

  it('lapses after the longest hold, counted from the last claim with keep_alive', async () => {
    const { apiUrl, client } = await startTestBus()
    const { call } = await connect(apiUrl, { BUS_MCP_MAX_HOLD_S: '2' })
    expect((await call('claim_lane', keep)).fields).toMatchObject({ kept_for_s: 2 })
    await until(async () => (await countHeartbeats(client)) >= 1)
    expect((await call('claim_lane', keep)).fields).toMatchObject({ decision: 'renew', kept_for_s: 2 })
    await until(async () => (await countHeartbeats(client)) >= 2)
    await untilState(client, 'orphaned')
    expect((await call('claim_lane', { lane, lease_s })).fields).toMatchObject({ decision: 'renew', lapsed: true })
  })

  it('is not lost when the bus is killed and comes back in time', async () => {
    const databaseUrl = `sqlite:${join(createTempFolder(), 'bus.db')}`
    const first = await startBusProcess(['--port', '0', '--database-url', databaseUrl])
    const client = createBusClient({ baseUrl: first.apiUrl })
    const { call } = await connect(first.apiUrl)
    await call('claim_lane', { ...keep, lease_s: 12 })
    await first.kill()
    const port = new URL(first.origin).port
    // Away until a renewal was in vain.
    const away = await startFakeServer(({ socket }) => socket.destroy(), Number(port))
    await until(() => away.connectionCount() > 0)
    await away.close()
    await startBusProcess(['--port', port, '--database-url', databaseUrl])
    await until(async () => (await countHeartbeats(client)) >= 1)
    expect((await client.lanes.get({ lane })).lane).toMatchObject({ state: 'held', fence: 1 })
    expect((await call('get_bus_status')).fields).not.toHaveProperty('lost')
  })

  it('is told lost when the bus stays away for longer than the lane was surely held', async () => {
    const bus = await startBusProcess(['--port', '0', '--database-url', 'sqlite::memory:'])
    const { call } = await connect(bus.apiUrl)
    await call('claim_lane', keep)
    await bus.kill()
    let fields: Fields = {}
    await until(async () => {
      fields = (await call('get_bus_status')).fields
      return fields.lost !== undefined
    })
    expect(fields).toMatchObject({ ok: false, error: { type: 'bus_unreachable' } })
    expect(fields.lost).toEqual([{ lane, reason: expect.stringMatching(/^no bus at /) }])
  })

  it('is kept and released on an old bus, which knows neither fences nor sessions', async () => {
    const { apiUrl, requests } = await startOldBus()
    const { call, client } = await connect(apiUrl)
    expect((await call('claim_lane', keep)).fields).toMatchObject({ decision: 'claim', kept_for_s: 3600 })
    const verbs = () => requests.map(({ url }) => url.split('/').at(-1))
    await until(() => verbs().length >= 5)
    await client.close()
    await until(() => verbs().at(-1) === 'release')
    expect(verbs().slice(0, 5)).toEqual(['claim', ...Array(4).fill('heartbeat')])
    expect(requests.map(({ body }) => toFields(JSON.parse(body)).owner)).toEqual(requests.map(() => AGENT))
  })
})
