import { afterEach, describe, expect, it, vi } from 'vitest'
import { createClock, createStopwatch } from './clock.ts'

const NOON = 1_900_000_000_000

function freeze(): void {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: NOON })
}

afterEach(() => {
  vi.useRealTimers()
})

/** A machine that can sleep; its uptime comes in whole seconds when it is coarse. */
function createFakeMachine(grainMs = 10) {
  let monotonic = 500
  let slept = 0
  let setBy = 0
  return {
    sources: {
      wall: () => NOON + monotonic + slept + setBy,
      monotonic: () => monotonic,
      uptime: () => Math.floor((7_000_123 + monotonic + slept) / grainMs) * grainMs,
    },
    pass: (ms: number) => {
      monotonic += ms
    },
    sleep: (ms: number) => {
      slept += ms
    },
    setWall: (ms: number) => {
      setBy += ms
    },
  }
}

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

  it('leaps by the time that the machine slept, and never because the machine’s clock was set', () => {
    freeze()
    const { sources, pass, sleep, setWall } = createFakeMachine()
    const stopwatch = createStopwatch(sources)
    const now = createClock(0, stopwatch)
    pass(1_000)
    sleep(8 * 3_600_000)
    setWall(86_400_000)
    stopwatch.catchUp()
    setWall(86_400_000)
    stopwatch.catchUp()
    expect(now()).toBe(NOON + 1_000 + 8 * 3_600_000)
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

describe('the stopwatch', () => {
  it('counts the time that passes', () => {
    const { sources, pass } = createFakeMachine()
    const { elapsed } = createStopwatch(sources)
    expect(elapsed()).toBe(0)
    pass(1_234)
    expect(elapsed()).toBe(1_234)
  })

  it('counts the machine’s sleep, but not before it is told to catch up', () => {
    const { sources, pass, sleep } = createFakeMachine()
    const { elapsed, catchUp } = createStopwatch(sources)
    for (const round of [1, 2]) {
      sleep(60_000)
      pass(1_000)
      expect(elapsed()).toBe((round - 1) * 60_000 + round * 1_000)
      catchUp()
      catchUp()
      expect(Math.abs(elapsed() - round * 61_000)).toBeLessThanOrEqual(20)
    }
  })

  it('takes no coarse grain of the uptime for sleep, however often it looks', () => {
    const { sources, pass } = createFakeMachine(1_000)
    const { elapsed, catchUp } = createStopwatch(sources)
    for (let look = 1; look <= 5_000; look += 1) {
      pass(333)
      catchUp()
      expect(elapsed()).toBe(look * 333)
    }
  })

  it('takes no two clocks that drift apart for sleep, and none that falls back', () => {
    let now = 0
    let lead = 0
    const { elapsed, catchUp } = createStopwatch({
      monotonic: () => now,
      uptime: () => now + lead,
      wall: () => now + lead,
    })
    for (let look = 0; look < 100; look += 1) {
      now += 5_000
      lead += 2_000
      catchUp()
    }
    expect(elapsed()).toBe(500_000)
    lead = 0
    catchUp()
    expect(elapsed()).toBe(500_000)
  })

  it('takes no uptime that leaps alone for sleep, as in a container that is shown the host’s of a sudden', () => {
    let lead = 0
    const { elapsed, catchUp } = createStopwatch({ monotonic: () => 0, uptime: () => lead, wall: () => 0 })
    lead = 86_400_000
    catchUp()
    expect(elapsed()).toBe(0)
  })

  it('goes by the monotonic clock alone where there is no uptime to ask', () => {
    let now = 0
    const { elapsed, catchUp } = createStopwatch({ monotonic: () => now, uptime: undefined, wall: () => now * 9 })
    now = 1_000
    catchUp()
    expect(elapsed()).toBe(1_000)
  })

  it('goes with the time of this machine', () => {
    const { elapsed, catchUp } = createStopwatch()
    const before = performance.now()
    catchUp()
    // Both go on while this is read; a machine that sleeps now would make this test wrong.
    expect(Math.abs(elapsed() - (performance.now() - before))).toBeLessThan(3_000)
  })
})
