import { spawn } from 'node:child_process'
import { describe, expect, it, onTestFinished } from 'vitest'
import { takeSeed } from '../correctness/random.ts'
import { startTestBus } from '../support/bus.ts'
import { limitMs, scale } from '../support/scale.ts'
import { readUsage, type startProgram } from './fuzzed-process.ts'
import { fuzzStdio, listTools } from './stdio-fuzz.ts'
import { startSession } from './stdio-session.ts'

const SESSIONS = scale({ short: 25, long: 2_000 })

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

  it.skipIf(process.platform !== 'linux')(
    'needs no more memory for a line that does not end (only Linux says what a process takes)',
    { timeout: limitMs(60_000) },
    async () => {
      const session = await openSession()
      await session.write([{ kind: 'long', mib: 8, start: '' }], 65_536)
      await session.probe()
      const before = readUsage(session.pid)?.memoryMib ?? 0
      await session.write([{ kind: 'long', mib: 256, start: '' }], 65_536)
      await session.probe()
      const after = readUsage(session.pid)?.memoryMib ?? Number.POSITIVE_INFINITY
      console.log(`stdio: ${before.toFixed(0)} MiB before a line of 256 MiB, ${after.toFixed(0)} MiB after it`)
      expect(after - before).toBeLessThan(128)
      await session.end('')
    },
  )
})

/** A server that answers everything, but for its mistake: `line` is what it reads, `answer` what it has to write. */
function startMistaken(mistake: string): typeof startProgram {
  const program = `
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      let id
      try { id = JSON.parse(line).id } catch {}
      const answer = JSON.stringify({ jsonrpc: '2.0', id, result: {} })
      ${mistake}
      if (id !== undefined) console.log(answer)
    })`
  return () => spawn(process.execPath, ['-e', program])
}

describe('a server on standard input that cannot bear it', () => {
  it.each([
    [
      'prints what is no message',
      "if (line.includes('constructor')) console.log('hello')",
      'no JSON-RPC on standard output',
    ],
    ['ends', "if (line.includes('resources/read')) process.exit(3)", 'the server ended with 3'],
    ['throws', "if (line.includes('claim_lane')) throw new Error('planted')", 'planted'],
    ['answers twice', "if (line.includes('prompts/get')) console.log(answer)", 'is answered twice'],
    ['swallows a request', "if (line.includes('tools/list')) return", 'not answered: own-'],
    ['does not end well', 'process.exitCode = 7', 'ended with 7'],
  ])('is found when it %s', { timeout: limitMs(120_000) }, async (_, mistake, shown) => {
    const bus = await startTestBus()
    const tools = await listTools(bus.apiUrl)
    const seed = takeSeed()
    const fuzz = { apiUrl: bus.apiUrl, seed, start: startMistaken(mistake), patienceMs: 4_000 }
    const { failure } = await fuzzStdio(fuzz, tools, 200)
    expect(failure).toContain(shown)
    expect(failure).toContain(`seed: ${seed}`)
    console.log(`caught: ${/Counterexample: .*/.exec(failure ?? '')?.[0].slice(0, 300)}`)
  })
})
