import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { isAnswer, toAnswerShape } from './answer-shape.ts'
import { defineOperation } from './operation.ts'

const thing = z.object({ name: z.string() }).meta({ id: 'Thing' })

const operation = defineOperation({
  id: 'things.take',
  summary: 'Take a thing',
  effect: 'write',
  input: z.object({}),
  output: z.object({
    ok: z.literal(true),
    thing,
    things: z.array(thing),
    count: z.int(),
    lease_s: z.number(),
    decision: z.enum(['take', 'keep']),
    next: z.string().nullable(),
    already: z.boolean().optional(),
  }),
  errors: {},
})

const shape = toAnswerShape(operation)
const answer = {
  thing: { name: 'a' },
  things: [],
  count: 1,
  lease_s: 0.5,
  decision: 'take',
  next: null,
  already: true,
}

describe('toAnswerShape', () => {
  it('tells the JSON type of each field, also of named objects, and leaves ok out', () => {
    expect(shape).toEqual({
      thing: 'object',
      things: 'array',
      count: 'integer',
      lease_s: 'number',
      decision: 'string',
      next: undefined,
      already: 'boolean',
    })
  })

  it('tells those of an answer that is a named object itself', () => {
    expect(toAnswerShape({ ...operation, output: thing })).toEqual({ name: 'string' })
  })
})

describe('isAnswer', () => {
  it('takes an answer that is whole, and one with fields that are not known yet', () => {
    expect(isAnswer(shape, answer)).toBe(true)
    expect(isAnswer(shape, { ...answer, next: 'b', waiters: 2 })).toBe(true)
  })

  it('takes the answer of an old bus, which leaves fields out', () => {
    expect(isAnswer(shape, { ok: true, thing: {} })).toBe(true)
  })

  it.each([
    ['nothing', {}],
    ['ok and nothing else', { ok: true }],
    ['fields of something else', { status: 'fine', error: null }],
    ['a text for an object', { ...answer, thing: 'a' }],
    ['a list for an object', { ...answer, thing: [] }],
    ['null for an object', { ...answer, thing: null }],
    ['an object for a list', { ...answer, things: {} }],
    ['a fraction for an integer', { ...answer, count: 1.5 }],
    ['a text for a number', { ...answer, lease_s: '300' }],
  ])('refuses %s', (_, value) => {
    expect(isAnswer(shape, value)).toBe(false)
  })
})
