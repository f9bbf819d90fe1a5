import { describe, expect, it, onTestFinished } from 'vitest'
import { takeSeed } from '../correctness/random.ts'
import { startTestBus } from '../support/bus.ts'
import { limitMs, scale } from '../support/scale.ts'
import { fuzzStdio, listTools } from './stdio-fuzz.ts'
import { startSession } from './stdio-session.ts'

const SESSIONS = scale({ short: 40, long: 2_000 })

async function openSession() {
  const bus = await startTestBus()
  const session = startSession(bus.apiUrl)
  onTestFinished(session.kill)
  await session.open('legacy')
  return session
}

describe('the MCP server on standard input, written to at random', () => {
  it('answers what has to be answered, and ends with its input', { timeout: limitMs(180_000) }, async () => {
    const bus = await startTestBus()
    const seed = takeSeed()
    const tools = await listTools(bus.apiUrl)
    expect(tools.length).toBeGreaterThan(5)
    const { failure, ...figures } = await fuzzStdio({ apiUrl: bus.apiUrl, seed }, tools, SESSIONS)
    console.log(`stdio: ${JSON.stringify(figures)}, seed ${seed}`)
    expect(failure ?? '', `BUS_TEST_SEED=${seed}`).toBe('')
    // Some of it has to succeed, and some to be refused.
    expect(figures.refused).toBeGreaterThan(SESSIONS)
    expect(figures.requests - figures.refused).toBeGreaterThan(SESSIONS)
    expect(bus.logged).toEqual([])
  })
})

describe('the MCP server on standard input', () => {
  it('answers 10,000 requests that come at once', { timeout: limitMs(60_000) }, async () => {
    const session = await openSession()
    await session.write([{ kind: 'flood', count: 10_000 }], 65_536)
    await session.probe()
    await session.end('')
    expect(session.counts.lines).toBe(10_002)
  })
})
