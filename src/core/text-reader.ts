import type * as z from 'zod'
import { toJsonSchema } from './json-schema.ts'

/** How a field that arrives as text (path, query, command line) becomes the type that its schema declares. */
export type TextReader = (text: string) => unknown

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])

/** Reads text by the field's declared type. What does not read stays text, for the schema to refuse with its own words. */
export function createTextReaders(input: z.ZodObject): Readonly<Record<string, TextReader>> {
  const { properties = {} } = toJsonSchema(input, 'input')
  return Object.fromEntries(Object.entries(properties).map(([name, { type }]) => [name, readerOf(type)]))
}

function readerOf(type: unknown): TextReader {
  switch (type) {
    case 'integer':
    case 'number':
      return (text) => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text)
    case 'boolean':
      return (text) => BOOLEANS.get(text.toLowerCase()) ?? text
    default:
      return (text) => text
  }
}
