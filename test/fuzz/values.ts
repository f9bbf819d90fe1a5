import fc from 'fast-check'
import type { FieldSchema } from './document.ts'

/** What the fuzzed bus has of each field, so that a request can name what is there. */
export type Known = Readonly<Record<string, readonly unknown[]>>

/** Everything that texts are known to go wrong with. */
const HARD_TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'a\udc00',
  '\u2028',
  '\ufeff',
  '\u202eevil',
  'e\u0301',
  '👩‍👩‍👧',
  '\u001b[31m',
  'a\nb',
  'a\rb',
  '__proto__',
  'constructor',
  'toString',
  '../../etc/passwd',
  "'; drop table lanes; --",
  '%00',
  '%s%n',
  '*',
  '"',
  '"a',
  'a* OR b',
  'NEAR(a b)',
  '(',
  '\\',
  'null',
  'NaN',
  '9007199254740993',
  '1e400',
  'ß'.repeat(129),
  'x'.repeat(70_000),
]

/** JSON as it is written, for what no value of this language is written as. */
const HARD_JSON = [
  '-0',
  '1e400',
  '-1e400',
  '1.7976931348623157e308',
  '5e-324',
  '9007199254740993',
  '123456789012345678901234567890',
  '0.1',
  '-1',
  'null',
  'true',
  '[]',
  '{}',
  '[null]',
  '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{}}}',
  '{"toString":1}',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udfff\\ud800"',
  `${'['.repeat(31)}${']'.repeat(31)}`,
  `${'['.repeat(40)}${']'.repeat(40)}`,
  `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`,
]

const text = fc.string({ unit: 'grapheme', maxLength: 24 })

/** Longer waits are left to the few cases that say so: nobody fuzzes by waiting. */
const LONGEST_WAIT_S = 0.02

/** A value that its schema takes, most often one that means something on the bus. */
export function validValue(name: string, schema: FieldSchema, known: Known): fc.Arbitrary<unknown> {
  if (name === 'wait_s') {
    const short = fc.double({ min: 0, max: LONGEST_WAIT_S, noNaN: true })
    return fc.oneof({ weight: 30, arbitrary: short }, { weight: 1, arbitrary: fc.constant(schema.maximum ?? 0) })
  }
  const made = bySchema(name, schema, known)
  const familiar = known[name]
  if (familiar === undefined) return made
  return fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...familiar) }, { weight: 1, arbitrary: made })
}

function bySchema(name: string, schema: FieldSchema, known: Known): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum)
  switch (schema.type) {
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 1_000_000, 0x7fffffff) })
    case 'number':
      return fc.double({ min: schema.minimum ?? Number.MIN_VALUE, max: schema.maximum ?? 1e6, noNaN: true })
    case 'array': {
      const { items = {}, minItems = 0, maxItems = 8 } = schema
      // Most are small; now and then as many as there may be.
      const one = validValue(name === 'lanes' ? 'lane' : name, items, known)
      const few = fc.array(one, { minLength: minItems, maxLength: Math.min(maxItems, 4) })
      return fc.oneof(
        { weight: 9, arbitrary: few },
        { weight: 1, arbitrary: fc.array(one, { minLength: maxItems, maxLength: maxItems }) },
      )
    }
    default:
      return schema.pattern === undefined ? boundedText(schema) : fc.stringMatching(new RegExp(schema.pattern))
  }
}

function boundedText({ minLength = 0, maxLength = 200 }: FieldSchema): fc.Arbitrary<string> {
  const filled = fc.constantFrom('a'.repeat(maxLength), 'é'.repeat(maxLength), '🚌'.repeat(maxLength))
  const short = fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 24) })
  return fc.oneof({ weight: 6, arbitrary: short }, { weight: 1, arbitrary: filled })
}

/** A value that breaks one rule of its schema. */
export function nearlyValidValue(schema: FieldSchema): fc.Arbitrary<unknown> {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems } = schema
  const wrongTypes: unknown[] = [null, true, 'x', 1, [], {}, ['x'], '1', 'true', 1.5]
  const beyond: unknown[] = [
    ...(minimum === undefined ? [] : [minimum - 1, minimum - 0.5, String(minimum)]),
    ...(maximum === undefined ? [] : [maximum + 1, maximum + 0.5]),
    ...(schema.exclusiveMinimum === undefined ? [] : [schema.exclusiveMinimum, -schema.exclusiveMinimum - 1]),
    ...(minLength === undefined ? [] : ['x'.repeat(minLength - 1)]),
    ...(maxLength === undefined ? [] : ['x'.repeat(maxLength + 1), '🚌'.repeat(maxLength + 1)]),
    ...(minItems === undefined ? [] : [Array.from({ length: minItems - 1 }, () => 'x')]),
    ...(maxItems === undefined ? [] : [Array.from({ length: maxItems + 1 }, (_, index) => `x${index}`)]),
    ...(schema.enum ?? []).map((one) => String(one).toUpperCase()),
    ...(schema.pattern === undefined ? [] : ['.a', 'a/b', 'a b', 'é', `a${'b'.repeat(128)}`]),
    ...(schema.type === 'integer' ? [2 ** 53, -(2 ** 53), 1e308, -0, 0.5] : []),
  ]
  return fc.constantFrom(...wrongTypes, ...beyond)
}

/** JSON of any kind, as it is written. */
export const wildJson: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...HARD_JSON),
  fc.constantFrom(...HARD_TEXTS).map((one) => JSON.stringify(one)),
  fc.json({ maxDepth: 4 }),
  fc.double().map((one) => String(one)),
)

/** Text of any kind, for what is no JSON. */
export const wildText: fc.Arbitrary<string> = fc.oneof(fc.constantFrom(...HARD_TEXTS), text)

/** A name that a field may have by mistake or by malice. */
export const strangeName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', '', 'then'),
  text,
)
