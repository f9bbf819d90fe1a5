import type * as z from 'zod'
import { OWN_WORDS } from '../../core/advice.ts'
import { type JsonSchema, propertiesOf, toJsonSchema } from '../../core/json-schema.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * What would be allowed instead: each wrong argument as near as it can be, left out, or for the caller to fill in.
 *
 * @param needed One that is needed all the same where the input says that it may be left out.
 * @returns Undefined when nobody can say.
 */
export function correctArguments(
  input: z.ZodObject,
  args: Fields,
  wrong: readonly string[],
  needed?: string,
): Fields | undefined {
  const document = toJsonSchema(input, 'input')
  const fields = propertiesOf(document)
  const corrected = new Map(Object.entries(args))
  for (const name of wrong) {
    const meant = Object.hasOwn(input.shape, name) ? undefined : findMeant(name, Object.keys(fields), args)
    if (meant !== undefined) {
      const near = listNear(fields[meant] ?? {}, args[name]).find(
        (value) => input.shape[meant]?.safeParse(value).success,
      )
      if (near !== undefined) corrected.set(meant, near)
    }
    corrected.delete(name)
    // What every object inherits is no argument, whatever an agent calls one.
    if (!Object.hasOwn(input.shape, name)) continue
    const field = fields[name]
    const schema: z.ZodType | undefined = input.shape[name]
    if (field === undefined || schema === undefined) continue
    const isRequired = name === needed || document.required?.includes(name) === true
    // What is allowed by itself does not go with the others; what is missing and need not be there is no fault of its own.
    if (!isRequired && (args[name] === undefined || schema.safeParse(args[name]).success)) {
      if (args[name] === undefined) return undefined
      continue
    }
    const value = listNear(field, args[name]).find((near) => schema.safeParse(near).success)
    if (value !== undefined) corrected.set(name, value)
    else if (isRequired) corrected.set(name, OWN_WORDS)
  }
  return Object.fromEntries(corrected)
}

/** The one field that begins with the same word as a name that is none: `since_id` for `since`, `lease_s` for `leaseSeconds`. */
function findMeant(name: string, fields: readonly string[], args: Fields): string | undefined {
  const toFirstWord = (text: string) => /^[a-z]+/.exec(text)?.[0]
  const same = fields.filter((field) => toFirstWord(field) === toFirstWord(name))
  const [meant] = same
  return meant !== undefined && same.length === 1 && args[meant] === undefined ? meant : undefined
}

/** Values of the right kind that are near to the one that was given, the nearest first. */
function listNear(field: JsonSchema, given: unknown): unknown[] {
  switch (field.type) {
    case 'boolean':
      return listNearBooleans(given)
    case 'integer':
    case 'number':
      return listNearNumbers(field, given)
    case 'string':
      return typeof given === 'string' || typeof given === 'number' ? listNearTexts(field, String(given)) : []
    default:
      return []
  }
}

/** As other languages and forms write them: left out, a flag that was meant would be lost. */
function listNearBooleans(given: unknown): boolean[] {
  const text = typeof given === 'object' ? '' : String(given).trim().toLowerCase()
  if (['true', 'yes', '1'].includes(text)) return [true]
  return ['false', 'no', '0'].includes(text) ? [false] : []
}

function listNearNumbers({ minimum, maximum }: JsonSchema, given: unknown): number[] {
  const number = typeof given === 'string' && given.trim() !== '' ? Number(given) : given
  if (typeof number !== 'number' || !Number.isFinite(number)) return []
  const least = typeof minimum === 'number' ? minimum : -Infinity
  const most = typeof maximum === 'number' ? maximum : Infinity
  const within = Math.min(Math.max(number, least), most)
  // Down, for a cursor that is too high would pass something over.
  return [within, Math.floor(within)]
}

function listNearTexts({ maxLength, pattern, enum: choices }: JsonSchema, given: string): string[] {
  if (choices) return [given.trim().toLowerCase()]
  // A text of several lines stays one where it may.
  const text = given.replace(/\r\n?/g, '\n').replace(/[^\P{Cc}\t\n]+/gu, ' ')
  const line = given.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  const most = typeof maxLength === 'number' ? maxLength : given.length
  const near = [given, text, [...line].slice(0, most).join('')]
  // Only of a name: of a text it would leave other words.
  if (pattern === undefined) return near
  const name = line.replace(/[^A-Za-z0-9._:@+-]+/g, '-').replace(/^[.:@+-]+|-+$/g, '')
  return [...near, name, name.slice(0, 128)]
}
