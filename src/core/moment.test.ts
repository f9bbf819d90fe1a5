import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { moment, parseMoment, toMoment, toSeconds } from './moment.ts'

describe('a moment on the wire', () => {
  it('is RFC 3339 in UTC with milliseconds, always of the same length', () => {
    expect(toMoment(Date.UTC(2030, 0, 31, 12))).toBe('2030-01-31T12:00:00.000Z')
    expect(toMoment(1_700_000_000_007)).toBe('2023-11-14T22:13:20.007Z')
    expect(moment.parse(toMoment(0))).toBe('1970-01-01T00:00:00.000Z')
  })

  it('is what JavaScript writes of any date', () => {
    const dates = fc.date({ noInvalidDate: true }).map((date) => date.getTime())
    const ofOneDay = fc.integer({ min: 1_800_000_000_000, max: 1_800_086_400_000 })
    fc.assert(fc.property(fc.oneof(dates, ofOneDay), (ms) => toMoment(ms) === new Date(ms).toISOString()))
    expect(toMoment(1_700_000_000_007.9)).toBe('2023-11-14T22:13:20.007Z')
    expect(() => toMoment(Number.NaN)).toThrow(RangeError)
  })

  it.each([
    '2030-01-31T12:00:00Z',
    '2030-01-31T12:00:00.000',
    '2030-01-31T12:00:00.000+01:00',
    '2030-02-30T12:00:00.000Z',
  ])('is never %s', (text) => {
    expect(moment.safeParse(text).success).toBe(false)
  })
})

describe('a moment that is read', () => {
  it('is what was written, also by the first bus', () => {
    const epochMs = Date.UTC(2030, 0, 31, 12) + 7
    expect(parseMoment(toMoment(epochMs))).toBe(epochMs)
    expect(parseMoment('2030-01-31T12:00:00.007000+00:00')).toBe(epochMs)
    expect(parseMoment('soon')).toBeUndefined()
  })
})

describe('seconds for people', () => {
  it('are rounded up, so that what is still live never reads as 0', () => {
    expect([0, 1, 999, 1_000, 1_001, 119_999].map(toSeconds)).toEqual([0, 1, 1, 1, 2, 120])
  })
})
