import { describe, expect, it, onTestFinished } from 'vitest'
import { takeSeed } from '../correctness/random.ts'
import { STOPPED } from '../support/process.ts'
import { limitMs, scale } from '../support/scale.ts'
import { listFaults, startFuzzedBus } from './fuzzed-process.ts'
import { count, describeTally } from './http-fuzz.ts'
import { fuzzMcp } from './mcp-http-fuzz.ts'
import { listTools } from './stdio-fuzz.ts'

const CASES = scale({ short: 300, long: 20_000 })

describe('/mcp, asked at random', () => {
  it('answers every request, and none with a fault', { timeout: limitMs(120_000) }, async () => {
    const bus = await startFuzzedBus()
    onTestFinished(async () => {
      await bus.stop()
    })
    const seed = takeSeed()
    const tools = await listTools(`${bus.origin}/api/bus`)
    const { tally, failure } = await fuzzMcp({ origin: bus.origin, seed }, tools, CASES)
    console.log(`/mcp: ${describeTally(tally)}, seed ${seed}`)
    expect(failure ?? '', `BUS_TEST_SEED=${seed}`).toBe('')
    expect(count(tally, 200, 300)).toBeGreaterThan(CASES / 20)
    expect(count(tally, 400, 500)).toBeGreaterThan(CASES / 20)
    expect(listFaults(bus.logged())).toEqual([])
    expect(await bus.stop()).toBe(STOPPED)
  })
})
