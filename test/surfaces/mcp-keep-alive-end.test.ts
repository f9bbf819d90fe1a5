import { describe, expect, it } from 'vitest'
import { type BusClient, createBusClient } from '../../src/client/index.ts'
import { createFakeClock, startTestBus } from '../support/bus.ts'
import { answerWith, startFakeServer } from '../support/fake-server.ts'
import { toolCall } from '../support/json-rpc.ts'
import { startBusProcess } from '../support/process.ts'
import { startInitializedServer } from '../support/raw-stdio.ts'

const LANES = ['feeds', 'parser']

/** A server that keeps two lanes alive, and holds a third without keeping it. */
async function startKeeper(apiUrl: string, env: Record<string, string> = {}) {
  const server = await startInitializedServer({ BUS_MCP_BASE_URL: apiUrl, ...env })
  const claim = async (args: object) => {
    server.write(JSON.stringify(toolCall(1, 'claim_lane', args)))
    expect(await server.read()).toMatchObject({ result: { structuredContent: { ok: true } } })
  }
  for (const lane of LANES) await claim({ lane, keep_alive: true })
  await claim({ lane: 'left' })
  return server
}

async function listHeld({ lanes }: BusClient): Promise<string[]> {
  return (await lanes.list({ state: 'held' })).lanes.map(({ name }) => name)
}

describe('an MCP server that keeps lanes alive', () => {
  it('releases them and ends with 0 when its input ends, and lets the others be', async () => {
    const { apiUrl, client } = await startTestBus()
    const server = await startKeeper(apiUrl)
    expect(await listHeld(client)).toEqual(['feeds', 'left', 'parser'])
    server.end()
    expect(await server.exitCode()).toBe(0)
    expect(await listHeld(client)).toEqual(['left'])
    expect((await client.lanes.get({ lane: 'feeds' })).lane.last_end).toBe('released')
    expect(server.stderr()).toBe('')
  })

  it('keeps them when a line is larger than it takes, which it refuses and goes on', async () => {
    const { apiUrl, client } = await startTestBus()
    const server = await startKeeper(apiUrl)
    server.write(`${'x'.repeat(11 * 1024 * 1024)}\n`)
    expect(await listHeld(client)).toEqual(['feeds', 'left', 'parser'])
    server.end()
    expect(await server.exitCode()).toBe(0)
    expect(await listHeld(client)).toEqual(['left'])
  })

  it('releases only its own tenure of them', async () => {
    const clock = createFakeClock()
    const { apiUrl, client } = await startTestBus({ createClock: () => clock.now })
    const holder = { owner: 'planner', session: 'nightly' }
    const server = await startKeeper(apiUrl, { BUS_MCP_AGENT_ID: holder.owner, BUS_MCP_SESSION: holder.session })
    clock.advance(300_000)
    // Another process that shares the session, before the next renewal is due.
    expect(await client.lanes.claim({ lane: 'feeds', ...holder })).toMatchObject({ lapsed: true, lane: { fence: 2 } })
    server.end()
    expect(await server.exitCode()).toBe(0)
    expect((await client.lanes.get({ lane: 'feeds' })).lane).toMatchObject({ state: 'held', fence: 2 })
    expect((await client.lanes.get({ lane: 'parser' })).lane).toMatchObject({ state: 'free' })
  })

  // Windows has no signals that a process could see.
  it.skipIf(process.platform === 'win32').each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'releases them and ends with 0 at %s',
    async (signal) => {
      const { apiUrl, client } = await startTestBus()
      const server = await startKeeper(apiUrl)
      server.write(JSON.stringify(toolCall(2, 'read_messages', { since_id: 0, wait_s: 50 })))
      server.child.kill(signal)
      expect(await server.exitCode()).toBe(0)
      expect(await listHeld(client)).toEqual(['left'])
    },
  )

  it.skipIf(process.platform === 'win32')('releases them when nobody reads its output any more', async () => {
    const { apiUrl, client } = await startTestBus()
    const server = await startKeeper(apiUrl)
    server.child.stdout.destroy()
    server.write(JSON.stringify(toolCall(2, 'get_bus_status', {})))
    expect(await server.exitCode()).toBe(0)
    expect(await listHeld(client)).toEqual(['left'])
  })

  it('ends with 0 when the bus is away by then, and says what was not released', async () => {
    const bus = await startBusProcess(['--port', '0', '--database-url', 'sqlite::memory:'])
    const server = await startKeeper(bus.apiUrl)
    expect(await listHeld(createBusClient({ baseUrl: bus.apiUrl }))).toHaveLength(3)
    await bus.kill()
    server.end()
    expect(await server.exitCode()).toBe(0)
    expect(server.stderr()).toContain('"count":2')
  })

  it('ends with 0 when the bus never answers', async () => {
    const grant = { ok: true, decision: 'claim', lane: { fence: 1 }, lease_s: 300 }
    const answer = answerWith(200, JSON.stringify(grant))
    const { baseUrl } = await startFakeServer((request, response) => {
      if (request.url?.endsWith('/claim')) answer(request, response)
    })
    const server = await startKeeper(baseUrl, { BUS_MCP_TIMEOUT_S: '600' })
    server.end()
    expect(await server.exitCode()).toBe(0)
  })
})
