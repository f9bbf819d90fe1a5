import { describe, expect, it } from 'vitest'
import { createBusClock, formatDuration, formatLeft, formatMoment, formatTimeOfDay } from './time.ts'

describe('the bus’s clock on a page', () => {
  it('is the browser’s own until the bus has answered, and the bus’s then', () => {
    let stopwatch = 500
    const clock = createBusClock(
      () => stopwatch,
      () => 1_000_000,
    )
    stopwatch += 20
    expect(clock.now()).toBe(1_000_020)
    clock.learn('1970-01-01T00:00:07.000Z')
    stopwatch += 30
    expect(clock.now()).toBe(7_030)
  })
})

describe('a duration', () => {
  it.each([
    [-5, '0s'],
    [999, '0s'],
    [1_000, '1s'],
    [61_000, '1m 1s'],
    [3_600_000, '1h'],
    [3_661_000, '1h 1m'],
    [90_061_000, '1d 1h'],
  ])('of %i ms reads as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  it('that is left never reads as over while there is any of it', () => {
    expect(formatLeft(1)).toBe('1s')
    expect(formatLeft(59_001)).toBe('1m')
  })
})

describe('a moment', () => {
  it('is told in the reader’s own time', () => {
    const noon = new Date(2026, 0, 31, 12, 34, 56).getTime()
    expect(formatTimeOfDay(noon)).toMatch(/12.34.56/)
    expect(formatMoment(noon)).toMatch(/2026/)
  })
})
