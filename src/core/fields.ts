import * as z from 'zod'

// Tab and newline (on Windows CR LF) are text; every other control character (C0, DEL, C1) only ever hides something
// from a reader, a lone CR included.
const CONTROL = /[^\P{Cc}\t\n\r]|\r(?!\n)/u
const LINE_BREAK_OR_TAB = /[\t\r\n\u2028\u2029]/
/** Something other than spaces and the format characters that no font shows. */
const VISIBLE = /[^\p{Z}\p{Cc}\p{Cf}]/u

/**
 * A single line of 1 to `maxLength` characters (code points), without control characters, with something to see in it.
 *
 * @param what How messages name it, as in `topic`.
 */
export function printableLine(what: string, maxLength: number): z.ZodString {
  return z
    .string({ error: requiredText(what) })
    .check(
      z.refine((text) => text.length <= maxLength || countCharacters(text) <= maxLength, {
        error: `${what} must have at most ${maxLength} characters`,
      }),
      z.refine((text) => VISIBLE.test(text), { error: `${what} must not be empty` }),
      z.refine((text) => isCleanText(text) && !LINE_BREAK_OR_TAB.test(text), {
        error: `${what} must be one line without control characters`,
      }),
    )
    .meta({ minLength: 1, maxLength })
}

/** Text of 1 to `maxBytes` bytes of UTF-8; tabs and newlines are welcome, other control characters are not. */
export function printableText(what: string, maxBytes: number): z.ZodString {
  return z
    .string({ error: requiredText(what) })
    .check(
      z.refine((text) => text !== '', { error: `${what} must not be empty` }),
      z.refine((text) => Buffer.byteLength(text) <= maxBytes, {
        error: `${what} must be at most ${maxBytes} bytes of UTF-8; post it in parts, or post where to find it`,
      }),
      z.refine(isCleanText, {
        error: `${what} must be valid Unicode without NUL or control characters other than tab and newline`,
      }),
    )
    .meta({ minLength: 1 })
}

/** The longest wait, in seconds. Clients of MCP give up after 60 by default. */
const MAX_WAIT_SECONDS = 55

/** How long to wait for what is not there yet: 0 to 55 seconds. */
export function waitSeconds(what: string): z.ZodDefault<z.ZodNumber> {
  const error = `wait_s must be a number of seconds from 0 to ${MAX_WAIT_SECONDS}`
  return z.number({ error }).min(0, { error }).max(MAX_WAIT_SECONDS, { error }).default(0).describe(what)
}

/** The message for a text that is absent or no text. */
export function requiredText(what: string): z.core.$ZodErrorMap {
  return ({ input }) => (input === undefined ? `${what} is required` : `${what} must be a string`)
}

function isCleanText(text: string): boolean {
  return text.isWellFormed() && !CONTROL.test(text)
}

function countCharacters(text: string): number {
  // Code points, as JSON Schema's maxLength counts them; the length in UTF-16 units is an upper bound.
  return [...text].length
}

/** How many entries a page may hold: 1 to 500. */
export function pageLimit(what: string, standard: number): z.ZodDefault<z.ZodInt> {
  const error = 'limit must be an integer from 1 to 500'
  return z.int({ error }).min(1, { error }).max(500, { error }).default(standard).describe(`${what} a page, 1 to 500.`)
}
