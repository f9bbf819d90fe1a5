import { describe, expect, it, onTestFinished } from 'vitest'
import { takeSeed } from '../correctness/random.ts'
import { startTestBus } from '../support/bus.ts'
import { STOPPED } from '../support/process.ts'
import { limitMs, scale } from '../support/scale.ts'
import { createApi, type OpenApi, readApi } from './document.ts'
import { startFuzzedBus } from './fuzzed-process.ts'
import { count, describeTally, fuzzOperation, fuzzSequences } from './http-fuzz.ts'

const CASES = scale({ short: 100, long: 2_000 })

async function startFuzz() {
  const bus = await startFuzzedBus()
  onTestFinished(async () => {
    await bus.stop()
  })
  const fuzz = { origin: bus.origin, api: await readApi(bus.origin), seed: takeSeed() }
  return { bus, fuzz }
}

describe('the HTTP API, asked at random by its own document', () => {
  it('answers every request as documented', { timeout: limitMs(120_000) }, async () => {
    const { bus, fuzz } = await startFuzz()
    expect(fuzz.api.operations.length).toBeGreaterThan(10)
    for (const [index, operation] of fuzz.api.operations.entries()) {
      const { tally, failure } = await fuzzOperation({ ...fuzz, seed: fuzz.seed + index }, operation, CASES)
      console.log(`${operation.id}: ${describeTally(tally)}`)
      expect(failure ?? '', `BUS_TEST_SEED=${fuzz.seed}`).toBe('')
      // A fuzzer that is only ever refused, or never, tests nothing.
      expect(count(tally, 200, 300), operation.id).toBeGreaterThan(CASES / 50)
      const hasFields = operation.parameters.length > 0 || operation.body !== undefined
      if (hasFields) expect(count(tally, 400, 500), operation.id).toBeGreaterThan(CASES / 50)
    }
    expect(bus.logged()).toBe('')
    expect(await bus.stop()).toBe(STOPPED)
  })

  it('answers sequences of requests as documented', { timeout: limitMs(120_000) }, async () => {
    const { bus, fuzz } = await startFuzz()
    const { tally, failure } = await fuzzSequences(fuzz, CASES)
    console.log(`sequences: ${describeTally(tally)}, seed ${fuzz.seed}`)
    expect(failure ?? '', `BUS_TEST_SEED=${fuzz.seed}`).toBe('')
    expect(bus.logged()).toBe('')
    expect(await bus.stop()).toBe(STOPPED)
  })
})

/** The document of a bus, changed. */
async function readSpoiltApi(origin: string, spoil: (text: string) => string) {
  const text = await (await fetch(`${origin}/openapi.json`)).text()
  const spoilt = spoil(text)
  expect(spoilt).not.toBe(text)
  return createApi(JSON.parse(spoilt) as OpenApi) // As the bus serves it, but for what the test changed.
}

describe('a random request that is answered as nobody documented', () => {
  it.each([
    ['a status', 'lanes.claim', (text: string) => text.replaceAll('"409":', '"410":'), 'status 409 is not documented'],
    [
      'a code',
      'messages.post',
      (text: string) => text.replaceAll('"const":"json_required"', '"const":"xml_required"'),
      'body/code must be equal to constant',
    ],
    [
      'a type',
      'messages.get',
      (text: string) =>
        text
          .replaceAll('"acked_at":{"type":"string"', '"acked_at":{"type":"boolean"')
          .replaceAll('"id":{"type":"integer"', '"id":{"type":"string"'),
      'must be string',
    ],
    [
      'a missing field',
      'status.get',
      (text: string) => text.replaceAll('"required":["active_lanes"', '"required":["moon_phase","active_lanes"'),
      "must have required property 'moon_phase'",
    ],
  ])('is found and shrunk: %s', async (_, id, spoil, shown) => {
    const { fuzz } = await startFuzz()
    const api = await readSpoiltApi(fuzz.origin, spoil)
    const operation = api.operations.find((one) => one.id === id)
    if (!operation) throw new Error(`there is no ${id}`)
    const { failure } = await fuzzOperation({ ...fuzz, api }, operation, 1_000)
    expect(failure).toContain(shown)
    expect(failure).toContain(`seed: ${fuzz.seed}`)
    console.log(`caught: ${/Counterexample: .*/.exec(failure ?? '')?.[0]}`)
  })

  it('is found when the bus fails inside', async () => {
    let asked = 0
    const bus = await startTestBus({
      createClock: (notBefore) => () => {
        asked += 1
        if (asked % 50 === 0) throw new Error('planted')
        return notBefore + asked
      },
    })
    const fuzz = { origin: bus.origin, api: await readApi(bus.origin), seed: takeSeed() }
    const { failure } = await fuzzSequences(fuzz, 200)
    expect(failure).toContain('status 500')
    expect(bus.logged.join()).toContain('planted')
  })
})
