import { describe, expect, it } from 'vitest'
import { ALWAYS_FIT, countFitting, MAX_TEXT_BYTES } from './page-size.ts'

describe('what fits one page', () => {
  it('is so many of the largest bodies, and not one byte more', () => {
    const largest = Array.from({ length: ALWAYS_FIT }, () => MAX_TEXT_BYTES)
    expect(countFitting(largest)).toBe(ALWAYS_FIT)
    expect(countFitting([...largest, 0, 1])).toBe(ALWAYS_FIT + 1)
    expect(countFitting([1, ...largest])).toBe(ALWAYS_FIT)
  })

  it('is all of it when the bodies are small, and nothing of nothing', () => {
    expect(countFitting(Array.from({ length: 500 }, () => 100))).toBe(500)
    expect(countFitting([])).toBe(0)
  })
})
