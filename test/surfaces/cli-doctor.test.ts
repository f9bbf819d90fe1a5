import { realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { VERSION } from '../../src/config.ts'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { answerWith, startFakeServer } from '../support/fake-server.ts'
import { startOldBus } from '../support/old-bus.ts'
import { MAIN, runMain } from '../support/process.ts'

const SECRET = 'letmein'

async function examine(baseUrl: string, env: Record<string, string> = {}) {
  const run = await runMain(['doctor'], { BUS_MCP_BASE_URL: baseUrl, BUS_MCP_AGENT_ID: 'planner', ...env })
  expect(run.stderr).toBe('')
  const [first, ...lines] = run.stdout.trimEnd().split('\n')
  expect(first).toBe(`--  bus-mcp ${VERSION} on Node ${process.versions.node}, as planner`)
  return { exitCode: run.exitCode, lines }
}

describe('bus-mcp doctor', () => {
  it('ends with 0 in front of a bus of its version, and says what to type to connect an agent to that bus', async () => {
    const { apiUrl, client } = await startTestBus()
    expect(await examine(apiUrl)).toEqual({
      exitCode: 0,
      lines: [
        `ok  a bus answers at ${apiUrl}`,
        `ok  it has the same version, ${VERSION}`,
        'ok  writes are open (the bus is not armed)',
        '',
        `next: connect an agent, as in node "${realpathSync(MAIN)}" connect claude --write --base-url ${apiUrl}`,
      ],
    })
    // It looked whether it may write, and wrote nothing.
    expect(await client.status.get({})).toMatchObject({ _meta: { message_count: 0, active_lane_count: 0 } })
  })

  // Windows lets nobody delete a file that is open.
  it.skipIf(process.platform === 'win32')(
    'ends with 69 in front of a bus that takes no writes, and says why',
    async () => {
      const databasePlace = join(createTempFolder(), 'bus.db')
      const { apiUrl, origin } = await startTestBus({ databasePlace })
      rmSync(databasePlace)
      await expect.poll(async () => (await fetch(`${origin}/readyz`)).status, { timeout: 10_000 }).toBe(503)
      const { exitCode, lines } = await examine(apiUrl)
      expect(exitCode).toBe(69)
      expect(lines.slice(2)).toEqual([
        expect.stringMatching(/^no {2}the bus takes no writes: .*the database file is lost/),
        '',
        'next: see to what it says, on the machine where it runs; its log tells more',
      ])
    },
  )

  it('ends with 69 when no bus is there, and says how to start one', async () => {
    const bus = await startTestBus()
    await bus.close()
    expect(await examine(bus.apiUrl)).toEqual({
      exitCode: 69,
      lines: [
        `no  no bus at ${bus.apiUrl}: connection refused`,
        '',
        'next: start a bus with "bus-mcp serve", or set BUS_MCP_BASE_URL to where one runs',
      ],
    })
  })

  it.each([
    ['a web page', 200, 'text/html', '<!doctype html>'],
    ['a web page that is not found', 404, 'text/html', '<!doctype html>'],
    ['another API', 200, 'application/json', '{"status":"ok"}'],
    ['another API that knows no such route', 404, 'application/json', '{"error":"not found"}'],
    ['an attempt to look well', 500, 'application/json', '{"detail":"\\nok  all is \\u001b[32mwell"}'],
  ])('ends with 69 when %s answers, and says that it is no bus', async (_, status, type, body) => {
    const { baseUrl } = await startFakeServer(answerWith(status, body, type))
    const { exitCode, lines } = await examine(baseUrl)
    expect(exitCode).toBe(69)
    expect(lines).toEqual([
      expect.stringMatching(`^no  what answers at ${baseUrl} is no bus: `),
      '',
      'next: set BUS_MCP_BASE_URL to the bus; it usually ends in /api/bus',
    ])
    expect(lines.join('')).not.toMatch(/\p{Cc}/u)
  })

  it('ends with 69 when the base URL leads to the bus, but not to its API', async () => {
    const { origin } = await startTestBus()
    const { exitCode, lines } = await examine(origin)
    expect(exitCode).toBe(69)
    expect(lines.at(-1)).toContain('it usually ends in /api/bus')
  })

  it.each([
    ['that it was asked under a wrong name', 421, 'host_not_allowed', 2],
    ['that its store cannot serve', 503, 'store_unavailable', 69],
  ])('passes on what a bus says: %s', async (_, status, code, exitCode) => {
    const body = JSON.stringify({ detail: 'said by the bus', code })
    const { baseUrl } = await startFakeServer(answerWith(status, body))
    expect(await examine(baseUrl)).toEqual({
      exitCode,
      lines: [
        `no  the bus at ${baseUrl} refuses: said by the bus`,
        '',
        'next: do what it says, and run "bus-mcp doctor" again',
      ],
    })
  })

  it('ends with 0 in front of an old bus, and says that it is one', async () => {
    const { apiUrl } = await startOldBus()
    const { exitCode, lines } = await examine(apiUrl)
    expect(exitCode).toBe(0)
    expect(lines.slice(0, 3)).toEqual([
      `ok  a bus answers at ${apiUrl}`,
      '--  it is an older bus, without fences, cursors and acknowledgements',
      'ok  writes are open (the bus is not armed)',
    ])
  })

  describe.each([
    ['a bus of its version', () => startTestBus({ writeSecret: SECRET })],
    ['an old bus', () => startOldBus({ writeSecret: SECRET })],
  ])('in front of %s that is armed', (_, start) => {
    it('ends with 77 without the secret', async () => {
      const { exitCode, lines } = await examine((await start()).apiUrl)
      expect(exitCode).toBe(77)
      expect(lines.slice(2)).toEqual([
        'no  the bus is armed, and BUS_WRITE_SECRET is not set here',
        '',
        'next: set BUS_WRITE_SECRET to the value that the bus was started with',
      ])
    })

    it('ends with 77 with a wrong secret, which it does not show', async () => {
      const { exitCode, lines } = await examine((await start()).apiUrl, { BUS_WRITE_SECRET: 'guess' })
      expect(exitCode).toBe(77)
      expect(lines[2]).toBe('no  the bus is armed, and our BUS_WRITE_SECRET is not its own')
      expect(lines.join('\n')).not.toContain('guess')
    })

    it('ends with 0 with the right secret, which it does not show', async () => {
      const { exitCode, lines } = await examine((await start()).apiUrl, { BUS_WRITE_SECRET: SECRET })
      expect(exitCode).toBe(0)
      expect(lines[2]).toBe('ok  writes are allowed with our BUS_WRITE_SECRET')
      expect(lines.join('\n')).not.toContain(SECRET)
      expect(lines.at(-1)).toContain('connect claude --write')
    })
  })
})
