import { propertiesOf, toJsonSchema } from './json-schema.ts'
import type { AnyOperation } from './operation.ts'

/** The JSON type of each field of an answer, one level deep, without `ok`; undefined for a field of several types. */
export type AnswerShape = Readonly<Record<string, string | undefined>>

/** Leaves out the fields that may be of several types (null is one): of those nothing can be asked. */
export function toAnswerShape({ output }: AnyOperation): AnswerShape {
  const { ok: _, ...fields } = propertiesOf(toJsonSchema(output, 'output'))
  const single = Object.entries(fields).filter(([, { type }]) => !Array.isArray(type))
  return Object.fromEntries(single.map(([name, { type, $ref }]) => [name, $ref ? 'object' : type]))
}

/**
 * Whether this can be the answer of a bus. An old one leaves fields out, but has some of them, each of its type; what has
 * none comes from another program at that address, and must not pass as a yes.
 */
export function isAnswer(shape: AnswerShape, value: Readonly<Record<string, unknown>>): boolean {
  const present = Object.entries(shape).filter(([name]) => value[name] !== undefined)
  return present.length > 0 && present.every(([name, type]) => isOfType(value[name], type))
}

function isOfType(value: unknown, type: string | undefined): boolean {
  switch (type) {
    case undefined:
      return true
    case 'integer':
      return Number.isInteger(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    default:
      return typeof value === type
  }
}

/** What a caller is told instead. */
export const noAnswer = { detail: 'what answered is no bus: status 200, without the fields of an answer' } as const
