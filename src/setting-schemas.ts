import { isIPv6 } from 'node:net'
import * as z from 'zod'
import { printableLine } from './core/fields.ts'
import { parseNames } from './core/setting-text.ts'
import { toSocketPath } from './core/wire.ts'

/** `Number` takes blank text for 0, which is a port, too. */
export const toNumber = (text: string) => (text.trim() === '' ? Number.NaN : Number(text))

export const port = z
  .string()
  .default('8100')
  .transform(toNumber)
  .refine((value) => Number.isInteger(value) && value >= 0 && value <= 65_535, { error: 'be a port from 0 to 65535' })

export const positiveSeconds = (standard: number, most: number) =>
  z
    .string()
    .default(String(standard))
    .transform(toNumber)
    // Times are kept in whole milliseconds, and less than one would be none.
    .refine((value) => Number.isFinite(value) && value >= 0.001, { error: 'be a positive number of seconds' })
    .refine((value) => value <= most, { error: `be at most ${most} seconds` })

/** A timer of Node that is longer than this ends at once. */
export const MAX_TIMER_SECONDS = 2_147_483
/** A century: a moment so far away still has a date. */
export const MAX_LEASE_SECONDS = 3_155_760_000

/** A host as guards compare it: without a port, and an IPv6 address in brackets. */
const toHostName = (text: string) => {
  const host = text.trim().toLowerCase()
  return isIPv6(host) ? `[${host}]` : host.replace(/:\d+$/, '')
}

export const names = z
  .string()
  .default('')
  .transform((text) => text.split(',').map(toHostName).filter(Boolean))

/** What no sender, owner or session may be called, no setting may call them. */
export const name = z
  .string()
  .optional()
  .refine((value) => value === undefined || printableLine('name', 128).safeParse(value).success, {
    error: 'be one line of 1 to 128 characters, without control characters',
  })

export const secret = z
  .string()
  .optional()
  .refine((value) => value === undefined || /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value), {
    error: 'be printable ASCII that neither begins nor ends with a space, for it travels in an HTTP header',
  })
  .refine((value) => value === undefined || isSecretList(value), {
    error: 'be one secret, or two separated by a comma while an old one is replaced: new,old',
  })

/** A third one would be one that nobody remembers. */
function isSecretList(text: string): boolean {
  const parts = text.split(',')
  return parts.length <= 2 && parts.every((part) => part.trim() !== '')
}

/** What bounds how many there may be at once. */
export const limit = (standard: number) =>
  z
    .string()
    .default(String(standard))
    .transform(toNumber)
    .refine((value) => Number.isSafeInteger(value) && value > 0 && value <= 1_000_000, {
      error: 'be a whole number from 1 to 1000000',
    })

/** A path to connect to where there is no port, as Node takes it; undefined when it is not set. */
export const socketPath = z
  .string()
  .optional()
  .transform((text, { addIssue }) => {
    const path = text === undefined ? undefined : toSocketPath(text)
    if (text !== undefined && path === undefined) {
      addIssue({ code: 'custom', message: 'be unix:PATH, as in unix:/run/user/1000/bus.sock, or pipe:NAME on Windows' })
    }
    return path
  })

export const nameList = z.string().default('').transform(parseNames)
