import { describe, expect, it } from 'vitest'
import { cutTo, fitTo, widthOf } from './text-width.ts'

describe('the width of a text', () => {
  it.each([
    ['', 0],
    ['feeds', 5],
    ['Łódź', 4],
    ['e\u0301', 1],
    ['日本', 4],
    ['✅ done', 7],
    ['🚚', 2],
    ['a\u200bb', 2],
    ['█░…→', 4],
  ])('of %j is %i columns', (text, width) => {
    expect(widthOf(text)).toBe(width)
  })
})

describe('a text that is cut', () => {
  it.each([
    [5, 'feeds', 'feeds'],
    [4, 'feeds', 'fee…'],
    [1, 'feeds', '…'],
    [0, 'feeds', ''],
    [3, '日本', '日…'],
    [2, '日本', '…'],
    [4, '日本', '日本'],
  ])('to %i columns: %j is %j', (width, text, shown) => {
    expect(cutTo(width, text)).toBe(shown)
    expect(widthOf(shown)).toBeLessThanOrEqual(width)
  })

  it('is filled up where it must be exactly so wide', () => {
    expect(fitTo(7, 'feeds')).toBe('feeds  ')
    expect(fitTo(3, 'feeds')).toBe('fe…')
    expect(widthOf(fitTo(2, '日本'))).toBe(2)
  })
})
