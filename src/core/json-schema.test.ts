import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { propertiesOf, toJsonSchema } from './json-schema.ts'

describe('the JSON Schema of a schema', () => {
  it('leaves out the dialect, and the bounds that every safe integer has', () => {
    expect(toJsonSchema(z.int(), 'input')).toEqual({ type: 'integer' })
    expect(toJsonSchema(z.object({ id: z.int() }), 'input')).toEqual({
      type: 'object',
      properties: { id: { type: 'integer' } },
      required: ['id'],
    })
  })

  it('keeps the bounds that say something', () => {
    expect(toJsonSchema(z.int().min(1).max(5), 'input')).toMatchObject({ minimum: 1, maximum: 5 })
    expect(toJsonSchema(z.int().min(0), 'input')).toEqual({ type: 'integer', minimum: 0 })
    expect(toJsonSchema(z.number().positive(), 'input')).toEqual({ type: 'number', exclusiveMinimum: 0 })
  })

  it('asks of a caller only what has no standard, and promises all of it in an answer', () => {
    const schema = z.object({ limit: z.int().default(50), note: z.string().optional() })
    expect(toJsonSchema(schema, 'input').required).toBeUndefined()
    expect(toJsonSchema(schema, 'output').required).toEqual(['limit'])
    expect(toJsonSchema(schema, 'input').properties?.limit).toEqual({ type: 'integer', default: 50 })
  })

  it('lets an answer carry fields that it does not know yet, at every depth', () => {
    const schema = z.object({ list: z.array(z.object({ id: z.int() })) })
    expect(JSON.stringify(toJsonSchema(schema, 'output'))).not.toContain('additionalProperties')
  })
})

describe('the fields of an object’s schema', () => {
  it('are its properties', () => {
    const fields = propertiesOf(toJsonSchema(z.object({ id: z.int(), text: z.string() }), 'output'))
    expect(fields).toEqual({ id: { type: 'integer' }, text: { type: 'string' } })
  })

  it('are those of the named schema that it points to', () => {
    const named = { $ref: '#/$defs/Item', $defs: { Item: { properties: { id: { type: 'integer' } } } } }
    expect(propertiesOf(named)).toEqual({ id: { type: 'integer' } })
  })

  it('are none for what is no object, or points to nothing', () => {
    expect(propertiesOf({ type: 'string' })).toEqual({})
    expect(propertiesOf({ $ref: '#/$defs/Missing' })).toEqual({})
  })
})
