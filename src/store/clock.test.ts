import { afterEach, describe, expect, it, vi } from 'vitest'
import { createClock } from './clock.ts'

const NOON = 1_900_000_000_000

function freeze(): void {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: NOON })
}

afterEach(() => {
  vi.useRealTimers()
})

describe('the store’s clock', () => {
  it('begins with the machine’s, in whole milliseconds', () => {
    freeze()
    const now = createClock(0)
    expect(now()).toBe(NOON)
    vi.advanceTimersByTime(0.75)
    expect(Number.isInteger(now())).toBe(true)
  })

  it('begins no earlier than the last moment that was written', () => {
    freeze()
    expect(createClock(NOON + 5_000)()).toBe(NOON + 5_000)
    expect(createClock(NOON - 5_000)()).toBe(NOON)
  })

  it('goes on from there as time passes', () => {
    freeze()
    const now = createClock(NOON + 5_000)
    vi.advanceTimersByTime(1_234)
    expect(now()).toBe(NOON + 6_234)
  })

  it('is not moved when the machine’s clock is set back or forward', () => {
    freeze()
    const now = createClock(0)
    vi.setSystemTime(NOON - 86_400_000)
    expect(now()).toBe(NOON)
    vi.setSystemTime(NOON + 86_400_000)
    expect(now()).toBe(NOON)
  })

  it('never runs backwards between two readings', () => {
    const now = createClock(0)
    let last = now()
    for (let reading = 0; reading < 10_000; reading += 1) {
      const next = now()
      expect(next).toBeGreaterThanOrEqual(last)
      last = next
    }
  })
})
