import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { initialize, modernRequest } from '../support/json-rpc.ts'
import { ask, post } from '../support/raw-http.ts'

const hello = initialize('2025-06-18')

/** As every client of MCP sends it. */
const toMcp = (body: unknown, headers: Record<string, string> = {}) =>
  post('/mcp', body, { accept: 'application/json, text/event-stream', ...headers })

describe('/mcp of a bus', () => {
  it('answers both eras on its own address, with and without an Origin of its own', async () => {
    const bus = await startTestBus()
    for (const headers of [{}, { origin: bus.origin }]) {
      const legacy = await ask(bus.origin, toMcp(hello, headers))
      expect(legacy).toMatchObject({ status: 200, text: expect.stringContaining('"protocolVersion":"2025-06-18"') })
      const modern = await ask(
        bus.origin,
        toMcp(modernRequest(1, 'server/discover'), {
          ...headers,
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': 'server/discover',
        }),
      )
      expect(modern).toMatchObject({ status: 200, text: expect.stringContaining('2026-07-28') })
    }
  })

  it('refuses a Host that is not its own with 421, before it reads anything', async () => {
    const bus = await startTestBus()
    for (const host of ['evil.example', 'evil.example:8100', '127.0.0.1.evil.example', 'localhost.']) {
      const { status, fields } = await ask(bus.origin, toMcp(hello, { host }))
      expect({ host, status }).toEqual({ host, status: 421 })
      expect(fields).toMatchObject({ code: 'host_not_allowed', detail: expect.any(String) })
    }
  })

  it('answers under a name that BUS_ALLOWED_HOSTS adds', async () => {
    const bus = await startTestBus({ allowedHosts: ['bus.internal'] })
    expect(await ask(bus.origin, toMcp(hello, { host: 'bus.internal:8100' }))).toMatchObject({ status: 200 })
  })

  it('refuses a web page of another origin with 403', async () => {
    const bus = await startTestBus()
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:1' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      const { status, fields } = await ask(bus.origin, toMcp(hello, headers))
      expect({ headers, status }).toEqual({ headers, status: 403 })
      expect(fields).toMatchObject({ code: 'origin_forbidden', detail: expect.any(String) })
    }
  })

  it('answers what is no JSON, no JSON-RPC or no POST with an error, and goes on', async () => {
    const bus = await startTestBus()
    for (const body of ['', '{', '[]', '{"hello":1}', '"text"', 'null']) {
      const { status, text } = await ask(bus.origin, toMcp(body))
      expect(status, body).toBeGreaterThanOrEqual(400)
      expect(status, body).toBeLessThan(500)
      expect(text, body).not.toContain('    at ')
    }
    expect((await fetch(bus.mcpUrl)).status).toBe(405)
    expect(await ask(bus.origin, toMcp(hello, { 'content-type': 'text/plain' }))).toMatchObject({ status: 415 })
    expect(await ask(bus.origin, toMcp(hello))).toMatchObject({ status: 200 })
  })
})
