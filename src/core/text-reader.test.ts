import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { createTextReaders } from './text-reader.ts'

const readers = createTextReaders(
  z.object({
    count: z.int().min(1).default(50),
    seconds: z.number().optional(),
    isFlagged: z.boolean().optional(),
    title: z.string(),
    state: z.enum(['open', 'done']).optional(),
  }),
)

describe('text that is read by its field’s type', () => {
  it.each([
    ['count', '7', 7],
    ['count', '-7', -7],
    ['count', '007', 7],
    ['seconds', '2.5', 2.5],
    ['seconds', '300', 300],
    ['isFlagged', 'true', true],
    ['isFlagged', 'TRUE', true],
    ['isFlagged', '1', true],
    ['isFlagged', 'false', false],
    ['isFlagged', '0', false],
    ['title', '7', '7'],
    ['title', 'true', 'true'],
    ['title', '', ''],
    ['state', 'open', 'open'],
  ])('becomes what it says: %s=%j', (field, text, value) => {
    expect(readers[field]?.(text)).toBe(value)
  })

  it.each([
    ['count', ''],
    ['count', 'seven'],
    ['count', '7 '],
    ['count', '1e3'],
    ['count', '0x10'],
    ['count', '.5'],
    ['count', '5.'],
    ['count', '+5'],
    ['count', '٧'],
    ['seconds', 'NaN'],
    ['seconds', 'Infinity'],
    ['isFlagged', ''],
    ['isFlagged', 'yes'],
    ['isFlagged', 'constructor'],
    ['isFlagged', '__proto__'],
    ['state', 'other'],
  ])('stays text when it is none of its type, for the schema to refuse: %s=%j', (field, text) => {
    expect(readers[field]?.(text)).toBe(text)
  })

  it('is read for the fields of the contract alone', () => {
    expect(Object.keys(readers)).toEqual(['count', 'seconds', 'isFlagged', 'title', 'state'])
  })
})
