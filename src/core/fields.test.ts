import { describe, expect, it } from 'vitest'
import type * as z from 'zod'
import { pageLimit, printableLine, printableText } from './fields.ts'
import { toJsonSchema } from './json-schema.ts'

const line = printableLine('title', 8)
const text = printableText('body', 8)

const problemsOf = (schema: z.ZodType, value: unknown) =>
  schema.safeParse(value).error?.issues.map(({ message }) => message) ?? []

const TOO_LONG = 'title must have at most 8 characters'
const EMPTY = 'title must not be empty'
const NOT_ONE_LINE = 'title must be one line without control characters'
const NOT_CLEAN = 'body must be valid Unicode without NUL or control characters other than tab and newline'

describe('a printable line', () => {
  it.each([
    'a',
    'a b',
    ' a ',
    'Größe 7',
    '🚌'.repeat(8),
    'e\u0301'.repeat(4),
    '你好',
    'שלום',
    '👩‍👩‍👧',
    "';--",
    '\u00a0x',
  ])('may be %j, and stays as it is', (value) => {
    expect(line.parse(value)).toBe(value)
  })

  it.each([
    ['', EMPTY],
    [' ', EMPTY],
    ['\u00a0\u2003', EMPTY],
    ['\u200b\u2060\ufeff', EMPTY],
    ['a'.repeat(9), TOO_LONG],
    ['🚌'.repeat(9), TOO_LONG],
    ['a\nb', NOT_ONE_LINE],
    ['a\r\nb', NOT_ONE_LINE],
    ['a\tb', NOT_ONE_LINE],
    ['a\u2028b', NOT_ONE_LINE],
    ['a\u2029b', NOT_ONE_LINE],
    ['a\0', NOT_ONE_LINE],
    ['\u001b[0m', NOT_ONE_LINE],
    ['a\u007f', NOT_ONE_LINE],
    ['a\u0085b', NOT_ONE_LINE],
    ['a\ud83d', NOT_ONE_LINE],
    ['\udc00a', NOT_ONE_LINE],
  ])('must not be %j', (value, problem) => {
    expect(problemsOf(line, value)).toEqual([problem])
  })

  it('is required, and must be a string', () => {
    expect(problemsOf(line, undefined)).toEqual(['title is required'])
    for (const value of [7, null, true, ['a'], {}]) expect(problemsOf(line, value)).toEqual(['title must be a string'])
  })

  it('tells its length to those who read schemas', () => {
    expect(toJsonSchema(line, 'input')).toEqual({ type: 'string', minLength: 1, maxLength: 8 })
  })
})

describe('a printable text', () => {
  it.each(['a', ' ', 'a\nb\tc', 'a\r\nb', '\n', 'éééé', '🚌🚌', 'x'.repeat(8)])(
    'may be %j, and stays as it is',
    (value) => {
      expect(text.parse(value)).toBe(value)
    },
  )

  it.each(['a\0b', '\u0007', 'a\rb', 'a\r', '\r\r\n', '\u001b[2J', '\u007f', '\u0085', '\ud83d', 'a\udc00'])(
    'must not be %j',
    (value) => {
      expect(problemsOf(text, value)).toEqual([NOT_CLEAN])
    },
  )

  it('is measured in bytes of UTF-8', () => {
    const tooLong = ['body must be at most 8 bytes of UTF-8; post it in parts, or post where to find it']
    for (const value of ['x'.repeat(9), 'ééééx', '🚌🚌x']) expect(problemsOf(text, value)).toEqual(tooLong)
  })

  it('is required, must be a string and must not be empty', () => {
    expect(problemsOf(text, undefined)).toEqual(['body is required'])
    expect(problemsOf(text, 7)).toEqual(['body must be a string'])
    expect(problemsOf(text, '')).toEqual(['body must not be empty'])
  })
})

describe('the size of a page', () => {
  const limit = pageLimit('Items', 50)

  it('is 1 to 500, and the standard when it is left out', () => {
    expect([limit.parse(undefined), limit.parse(1), limit.parse(500)]).toEqual([50, 1, 500])
  })

  it.each([0, -1, 501, 1.5, '50', null, Number.NaN, Number.POSITIVE_INFINITY, 1e300])('must not be %j', (value) => {
    expect(new Set(problemsOf(limit, value))).toEqual(new Set(['limit must be an integer from 1 to 500']))
  })

  it('tells its bounds to those who read schemas', () => {
    expect(toJsonSchema(limit, 'input')).toEqual({
      type: 'integer',
      minimum: 1,
      maximum: 500,
      default: 50,
      description: 'Items a page, 1 to 500.',
    })
  })
})
