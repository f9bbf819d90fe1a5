import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readMemory } from '../../bench/support/memory.ts'
import { type BusClient, createBusClient } from '../../src/client/index.ts'
import { createTempFolder } from '../support/bus.ts'
import { type HostileKind, openHostileClients } from '../support/hostile-clients.ts'
import { type BusProcess, startBusProcess } from '../support/process.ts'
import { ask, connect, post } from '../support/raw-http.ts'

const MAX_GROWTH_MIB = 64
const MIB = 1024 * 1024

function startBus(): Promise<BusProcess> {
  return startBusProcess(['--port', '0', '--database-url', `sqlite:${createTempFolder()}/bus.db`])
}

async function open(bus: BusProcess, kind: HostileKind, count: number) {
  const clients = await openHostileClients(bus.origin, kind, count)
  onTestFinished(clients.close)
  return clients
}

/** Works as agents do for so long, and has each answer looked at. Returns how often. */
async function beHealthy(client: BusClient, seconds: number): Promise<number> {
  const endsAt = performance.now() + seconds * 1_000
  let rounds = 0
  for (; performance.now() < endsAt; rounds += 1) {
    const body = `healthy ${rounds}`
    const { id } = await client.messages.post({ topic: 'healthy', sender: 'ann', body })
    const page = await client.messages.read({ topic: 'healthy', limit: 1 })
    expect(page.messages).toMatchObject([{ id, body }])
    const { lane } = await client.lanes.claim({ lane: 'feeds', owner: 'ann' })
    expect(await client.lanes.release({ lane: 'feeds', owner: 'ann', fence: lane.fence })).toMatchObject({ ok: true })
    await sleep(50)
  }
  return rounds
}

/** Undefined where the system does not tell. */
function growthOf({ child }: BusProcess, before: number | undefined): number | undefined {
  const now = readMemory(child.pid ?? 0)
  return now === undefined || before === undefined ? undefined : now - before
}

/** Has the healthy do what they do first, so that what the bus needs for them is there. */
async function settle(bus: BusProcess) {
  const client = createBusClient({ baseUrl: bus.apiUrl, timeoutMs: 30_000 })
  await beHealthy(client, 2)
  return { client, before: readMemory(bus.child.pid ?? 0) }
}

function tell(what: string, rounds: number, growth: number | undefined): void {
  console.log(
    `${what}: ${rounds} rounds of the healthy answered rightly, memory grew by ${growth?.toFixed(1) ?? '?'} MiB`,
  )
}

describe('a bus among slow and hostile clients', () => {
  it('serves the others beside 500 requests that never end, and cuts each of these off with 408', {
    timeout: 90_000,
  }, async () => {
    const bus = await startBus()
    const { client, before } = await settle(bus)
    const slow = await open(bus, 'slow requests', 500)
    const rounds = await beHealthy(client, 14)
    const growth = growthOf(bus, before)
    // Half of them are slow with their headers, for which there are 10 s.
    expect(slow.ends.get('408') ?? 0).toBeGreaterThanOrEqual(250)
    // Those that are slow with their bodies have 30 s.
    while ((slow.ends.get('408') ?? 0) < 750) await beHealthy(client, 1)
    expect([...slow.ends.keys()]).toEqual(['408'])
    tell('500 slow requests', rounds, growth)
    expect(growth ?? 0).toBeLessThan(MAX_GROWTH_MIB)
  })

  it('serves the others beside 1,000 readers of the stream', { timeout: 60_000 }, async () => {
    const bus = await startBus()
    const { client, before } = await settle(bus)
    const readers = await open(bus, 'streams', 1_000)
    const rounds = await beHealthy(client, 6)
    const growth = growthOf(bus, before)
    expect([...readers.ends]).toEqual([])
    tell('1,000 readers', rounds, growth)
    expect(growth ?? 0).toBeLessThan(MAX_GROWTH_MIB)
  })

  it('serves the others beside those who never read, makes one answer at a time for each of these, and cuts them off', {
    timeout: 120_000,
  }, async () => {
    const bus = await startBus()
    // More than fits into what lies between, and far more than the bus may keep for one who does not take it.
    const past = createBusClient({ baseUrl: bus.apiUrl })
    for (let count = 0; count < 200; count += 1) {
      await past.messages.post({ topic: 'big', sender: 'ann', body: 'x'.repeat(60_000) })
    }
    const { client, before } = await settle(bus)
    const deaf = await open(bus, 'deaf streams', 3)
    // Twenty answers of 6 MB at once.
    const unread = await open(bus, 'unread answers', 1)
    const rounds = await beHealthy(client, 8)
    const growth = growthOf(bus, before)
    while (deaf.connected() > 0 || unread.connected() > 0) await beHealthy(client, 1)
    expect([...deaf.ends]).toEqual([['nothing', 3]])
    expect([...unread.ends]).toEqual([['nothing', 1]])
    tell('readers that never read', rounds, growth)
    expect(growth ?? 0).toBeLessThan(MAX_GROWTH_MIB)
  })

  it('serves the others beside floods of deep, wide and huge JSON, and refuses these', {
    timeout: 60_000,
  }, async () => {
    const bus = await startBus()
    const { client, before } = await settle(bus)
    await open(bus, 'floods', 4)
    const rounds = await beHealthy(client, 8)
    const growth = growthOf(bus, before)
    tell('floods', rounds, growth)
    expect(growth ?? 0).toBeLessThan(MAX_GROWTH_MIB)
    expect((await client.messages.read({ topic: 'healthy', limit: 1 })).head_id).toBeGreaterThan(rounds)
  })
})

describe('JSON that would be dear to read', () => {
  it.each([
    ['deep', '['.repeat(MIB - 1), 422, 'invalid_json'],
    ['deep inside', `{"body":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 422, 'invalid_json'],
    ['wide', `{"topic":[${'{},'.repeat(300_000)}{}]}`, 422, 'invalid_json'],
    ['huge', `{"topic":"${'x'.repeat(MIB)}"}`, 413, 'body_too_large'],
  ])('is refused, by the API and at /mcp: %s', async (_, body, status, code) => {
    const bus = await startBus()
    expect(await ask(bus.origin, post('/api/bus/message', body))).toMatchObject({ status, fields: { code } })
    const accept = { accept: 'application/json, text/event-stream' }
    const { status: atMcp } = await ask(bus.origin, post('/mcp', body, accept))
    expect(atMcp).toBe(status === 413 ? 413 : 400)
  })
})

describe('requests of one connection', () => {
  it('that come at once are answered in their order, each when the one before is answered', async () => {
    const bus = await startBus()
    const connection = await connect(bus.origin)
    const read = (id: string) => `GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-request-id: ${id}\r\n\r\n`
    const body = JSON.stringify({ topic: 'pipeline', sender: 'ann', body: 'first' })
    const type = 'content-type: application/json\r\n'
    const write = `POST /api/bus/message HTTP/1.1\r\nhost: localhost\r\n${type}content-length: ${body.length}\r\nx-request-id: b\r\n\r\n${body}`
    connection.write(`${read('a')}${write}${read('c')}${read('d')}`)
    const text = await connection.until(/x-request-id: d[\s\S]*\}$/)
    expect([...text.matchAll(/x-request-id: (\w)/g)].map(([, id]) => id)).toEqual(['a', 'b', 'c', 'd'])
    expect(text).toContain('"body":"first"')
  })
})
