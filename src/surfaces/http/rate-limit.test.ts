import { describe, expect, it } from 'vitest'
import { createRateLimit } from './rate-limit.ts'

/** A limit whose clock moves only when it is told to; `ask` answers with the wait that it is refused with, or nothing. */
function start(perSecond: number | undefined) {
  let now = 0
  const limit = createRateLimit(perSecond, () => now)
  const ask = (address: string | undefined): number | undefined => {
    try {
      limit.charge(address)
      return undefined
    } catch (error) {
      expect(error).toMatchObject({ code: 'rate_limited', status: 429 })
      return Number((error as { details: Record<string, unknown> }).details.retry_after_ms)
    }
  }
  const askTimes = (address: string, times: number) => {
    for (let time = 0; time < times; time++) expect(ask(address)).toBeUndefined()
  }
  return {
    ask,
    askTimes,
    advance: (ms: number) => {
      now += ms
    },
  }
}

describe('the rate of an address', () => {
  it('may be twice the limit at once, and is then refused with the wait until the next', () => {
    const { ask, askTimes } = start(10)
    askTimes('192.0.2.1', 20)
    expect(ask('192.0.2.1')).toBe(100)
  })

  it('is the limit from then on, also for one that goes on asking', () => {
    const { ask, askTimes, advance } = start(10)
    askTimes('192.0.2.1', 20)
    let admitted = 0
    for (let tick = 0; tick < 1_000; tick++) {
      advance(10)
      if (ask('192.0.2.1') === undefined) admitted += 1
    }
    // Ten seconds at ten a second.
    expect(admitted).toBeGreaterThanOrEqual(99)
    expect(admitted).toBeLessThanOrEqual(100)
  })

  it('takes nothing from that of another', () => {
    const { ask, askTimes } = start(10)
    askTimes('192.0.2.1', 20)
    expect(ask('192.0.2.1')).toBeDefined()
    expect(ask('192.0.2.2')).toBeUndefined()
  })

  it('is that of the whole /64 for IPv6, however the address is written', () => {
    const { ask, askTimes } = start(10)
    askTimes('2001:db8:1:2::1', 20)
    expect(ask('2001:db8:1:2:ffff::9')).toBeDefined()
    expect(ask('2001:db8:1:2:3:4:5:6')).toBeDefined()
    expect(ask('2001:db8:1:3::1')).toBeUndefined()
    expect(ask('2001:db8::1')).toBeUndefined()
    expect(ask('::ffff:192.0.2.1')).toBeUndefined()
  })

  it('has no limit on this machine unless one is set', () => {
    const { askTimes, ask } = start(undefined)
    for (const address of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1']) askTimes(address, 2_000)
    expect(ask(undefined)).toBeUndefined()
    askTimes('192.0.2.1', 400)
    expect(ask('192.0.2.1')).toBe(5)
    const own = start(1)
    own.askTimes('127.0.0.1', 2)
    expect(own.ask('127.0.0.1')).toBe(1_000)
  })

  it('has none at all when that is 0', () => {
    start(0).askTimes('192.0.2.1', 10_000)
  })

  it('is remembered of so many addresses at the most', () => {
    const { ask, askTimes } = start(10)
    askTimes('192.0.2.1', 20)
    for (let host = 0; host < 10_000; host++) expect(ask(`198.51.${host >> 8}.${host & 255}`)).toBeUndefined()
    // Forgotten, and so as new.
    expect(ask('192.0.2.1')).toBeUndefined()
  })
})
