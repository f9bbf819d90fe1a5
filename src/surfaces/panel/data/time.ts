/** The panel's only reader of the browser's clock: everything else takes moments from here. */

/** Epoch milliseconds of a moment on the wire. */
export function toEpochMs(moment: string): number {
  return Date.parse(moment)
}

/** The bus's clock, as far as a page can know it: that of its last answer, advanced by the page's own stopwatch. */
export interface BusClock {
  /** Epoch milliseconds. Before the first answer, the browser's own clock. */
  now(): number
  /** @param serverTime The moment that an answer was given at. */
  learn(serverTime: string): void
}

export function createBusClock(stopwatch: () => number = () => performance.now(), wall = () => Date.now()): BusClock {
  let ahead = wall() - stopwatch()
  return {
    now: () => stopwatch() + ahead,
    learn: (serverTime) => {
      ahead = toEpochMs(serverTime) - stopwatch()
    },
  }
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const

/** The two largest units that are not zero, as in `2h 5m`; `0s` for less than a second, and for what is past. */
export function formatDuration(durationMs: number): string {
  let rest = Math.max(0, Math.floor(durationMs / 1000))
  const first = UNITS.findIndex(([, seconds]) => rest >= seconds)
  if (first === -1) return '0s'
  return UNITS.slice(first, first + 2)
    .flatMap(([unit, seconds]) => {
      const count = Math.floor(rest / seconds)
      rest -= count * seconds
      return count > 0 ? `${count}${unit}` : []
    })
    .join(' ')
}

/** Whole seconds left, rounded up, so that what is still live never reads as over. */
export function formatLeft(leftMs: number): string {
  return formatDuration(Math.ceil(leftMs / 1000) * 1000)
}

const timeOfDay = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const hourOfDay = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

/** As a clock on the reader's wall would show it. */
export function formatTimeOfDay(epochMs: number): string {
  return timeOfDay.format(epochMs)
}

/** Without the seconds, for the marks of a scale. */
export function formatHour(epochMs: number): string {
  return hourOfDay.format(epochMs)
}

/** With the day, for where a person stops to look. */
export function formatMoment(epochMs: number): string {
  return dayAndTime.format(epochMs)
}
