import { describe, expect, it } from 'vitest'
import { startTestBus, type TestBus } from '../support/bus.ts'
import { connectHttp } from '../support/mcp.ts'
import { ask, connect, post } from '../support/raw-http.ts'

async function scrape({ origin }: TestBus): Promise<string> {
  const { status, headers, text } = await ask(origin, { path: '/metrics' })
  expect(status).toBe(200)
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  return text
}

/** The value of a series; undefined when there is none. */
function findValue(text: string, series: string): number | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

const count = (route: string, status: number, method = 'GET', waited = false) =>
  `http_server_request_duration_seconds_count{http_request_method="${method}",http_route="${route}",http_response_status_code="${status}",waited="${waited}"}`

describe('/metrics', () => {
  it('tells of the event loop what was measured, from the first time that it is asked', async () => {
    const text = await scrape(await startTestBus())
    for (const figure of ['mean', 'p99', 'max', 'min']) {
      const seconds = findValue(text, `nodejs_eventloop_lag_${figure}_seconds`)
      expect(seconds).toBeGreaterThan(0)
      expect(seconds).toBeLessThan(60)
    }
  })

  it('counts requests by the template of their route, by method and status', async () => {
    const bus = await startTestBus()
    for (const lane of ['feeds', 'other']) await bus.client.lanes.claim({ lane, owner: 'ann' })
    await expect(bus.client.lanes.claim({ lane: 'feeds', owner: 'bob' })).rejects.toThrow()
    await ask(bus.origin, { path: '/nowhere/at-all' })
    await ask(bus.origin, { path: '/api/bus/status', headers: { host: 'evil.example' } })
    const text = await scrape(bus)
    expect(findValue(text, count('/api/bus/lanes/{lane}/claim', 200, 'POST'))).toBe(2)
    expect(findValue(text, count('/api/bus/lanes/{lane}/claim', 409, 'POST'))).toBe(1)
    expect(findValue(text, count('none', 404))).toBe(1)
    expect(findValue(text, count('none', 421))).toBe(1)
    expect(findValue(text, 'http_server_active_requests')).toBe(1)
  })

  it('tells those that waited from the others', async () => {
    const bus = await startTestBus()
    await bus.client.messages.read({ wait_s: 0.01, since_id: 0 })
    await bus.client.messages.read({})
    const text = await scrape(bus)
    expect(findValue(text, count('/api/bus/messages', 200, 'GET', true))).toBe(1)
    expect(findValue(text, count('/api/bus/messages', 200))).toBe(1)
  })

  it('counts operations of all ways in by their outcome', async () => {
    const bus = await startTestBus()
    const agent = await connectHttp('legacy', bus.mcpUrl)
    await agent.call('claim_lane', { lane: 'feeds', owner: 'ann' })
    await agent.call('claim_lane', { lane: 'feeds', owner: 'bob' })
    await bus.client.lanes.claim({ lane: 'feeds', owner: 'ann' })
    const text = await scrape(bus)
    const series = (outcome: string) =>
      `bus_operation_duration_seconds_count{operation="lanes.claim",outcome="${outcome}",waited="false"}`
    expect(findValue(text, series('ok'))).toBe(2)
    expect(findValue(text, series('lane_held'))).toBe(1)
  })

  it('tells how the bus stands: what its status says, what is open, what the store takes', async () => {
    const bus = await startTestBus()
    await bus.client.lanes.claim({ lane: 'feeds', owner: 'ann' })
    await bus.client.messages.post({ topic: 't', sender: 's', body: 'b', action_flag: true })
    const stream = await connect(bus.origin)
    stream.write('GET /api/bus/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n')
    await stream.until(/event: hello/)
    const waiting = bus.client.lanes.claim({ lane: 'feeds', owner: 'bob', wait_s: 20 })
    await expect.poll(async () => findValue(await scrape(bus), 'bus_lane_waiters')).toBe(1)
    const text = await scrape(bus)
    expect(findValue(text, 'bus_messages')).toBe(1)
    expect(findValue(text, 'bus_lanes_held')).toBe(1)
    expect(findValue(text, 'bus_action_flags_pending')).toBe(1)
    expect(findValue(text, 'bus_streams')).toBe(1)
    expect(findValue(text, 'bus_waits')).toBe(1)
    expect(findValue(text, 'bus_connections')).toBeGreaterThanOrEqual(3)
    expect(findValue(text, 'bus_store_up')).toBe(1)
    expect(findValue(text, 'bus_store_size_bytes{part="database"}')).toBeGreaterThan(4096)
    expect(findValue(text, 'bus_store_commit_writes_count')).toBeGreaterThan(2)
    expect(text).toMatch(/^bus_build_info\{version="\d+\.\d+\.\d+"\} 1$/m)
    expect(findValue(text, 'process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
    await bus.client.lanes.release({ lane: 'feeds', owner: 'ann' })
    await waiting
  })

  it('counts each fault that is logged by what it is of', async () => {
    let isBroken = false
    const broken = await startTestBus({
      createClock: (notBefore) => () => {
        if (isBroken) throw new Error('planted')
        return Math.max(notBefore, 1_900_000_000_000)
      },
    })
    isBroken = true
    await expect(broken.client.lanes.claim({ lane: 'feeds', owner: 'ann' })).rejects.toMatchObject({ statusCode: 500 })
    const text = await scrape(broken)
    expect(findValue(text, 'bus_faults_total{event="operation failed"}')).toBeGreaterThanOrEqual(1)
    expect(findValue(text, 'bus_store_up')).toBe(0)
  })

  it('has no name and no body in any label, whatever agents write', async () => {
    const bus = await startTestBus()
    const secretive = ['zq-lane', 'zq-owner', 'zq-topic', 'zq-body', 'zq-sender']
    const [lane = '', owner = '', topic = '', body = '', sender = ''] = secretive
    await bus.client.lanes.claim({ lane, owner, note: body })
    await bus.client.messages.post({ topic, sender, body })
    await ask(bus.origin, post(`/api/bus/lanes/${lane}/nonsense`, { owner }))
    await ask(bus.origin, { path: `/${topic}` })
    await ask(bus.origin, { method: 'PROPFIND', path: `/api/bus/lanes/${lane}` })
    const text = await scrape(bus)
    for (const word of secretive) expect(text).not.toContain(word)
  })
})
