import * as z from 'zod'

/** A moment on the wire: RFC 3339 in UTC with milliseconds, as in `2026-01-31T12:00:00.000Z`. */
export function toMoment(epochMs: number): string {
  const moment = Math.floor(epochMs)
  const day = Math.floor(moment / DAY_MS)
  // A page tells a hundred moments, mostly of one day, and to write the day is most of the work.
  if (day !== lastDay.day) lastDay = { day, text: writeDay(moment) }
  const ms = moment - day * DAY_MS
  const hours = twoDigits(ms / 3_600_000)
  const minutes = twoDigits((ms / 60_000) % 60)
  const seconds = twoDigits((ms / 1_000) % 60)
  return `${lastDay.text}${hours}:${minutes}:${seconds}.${String(ms % 1_000).padStart(3, '0')}Z`
}

const DAY_MS = 86_400_000

let lastDay = { day: Number.NaN, text: '' }

/** As in `2026-01-31T`. */
function writeDay(epochMs: number): string {
  const text = new Date(epochMs).toISOString()
  return text.slice(0, text.indexOf('T') + 1)
}

function twoDigits(number: number): string {
  return number < 10 ? `0${Math.floor(number)}` : `${Math.floor(number)}`
}

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
