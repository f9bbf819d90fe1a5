import * as z from 'zod'

/** A moment on the wire: RFC 3339 in UTC with milliseconds, as in `2026-01-31T12:00:00.000Z`. */
export function toMoment(epochMs: number): string {
  const moment = Math.floor(epochMs)
  const minute = Math.floor(moment / MINUTE_MS)
  // A page tells a hundred moments, many of one minute, and to write that is most of the work.
  if (minute !== last.minute) last = { minute, text: new Date(moment).toISOString().slice(0, -7) }
  const ms = moment - minute * MINUTE_MS
  return `${last.text}${String(ms + 100_000).slice(1, 3)}.${String(ms + 100_000).slice(3)}Z`
}

const MINUTE_MS = 60_000

let last = { minute: Number.NaN, text: '' }

/** The moment in epoch milliseconds, also as the first bus writes it; undefined when it is none. */
export function parseMoment(text: string): number | undefined {
  const epochMs = Date.parse(text)
  return Number.isNaN(epochMs) ? undefined : epochMs
}

/** The time of day that a moment was at where this process runs, as in `14:03:59`. */
export function toTimeOfDay(moment: string): string {
  return new Date(moment).toTimeString().slice(0, 8)
}

/** Whole seconds for people, rounded up, so that what is still live never reads as `0s`. */
export function toSeconds(durationMs: number): number {
  return Math.ceil(durationMs / 1000)
}

/** The schema of a moment on the wire. */
export const moment = z.iso.datetime({ precision: 3 })
