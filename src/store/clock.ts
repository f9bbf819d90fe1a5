import { uptime } from 'node:os'

/** A clock that never runs backwards, in epoch milliseconds. */
export type Clock = () => number

/** Time that passes, whatever the machine's clock is set to. */
export interface Stopwatch {
  /** Milliseconds since it was made, the machine's sleep included up to the last {@link catchUp}. */
  elapsed(): number
  /**
   * Adds the sleep of the machine since the last call. Only here does {@link elapsed} leap, so that whoever calls this
   * can see to what the leap means before anybody else reads the time.
   */
  catchUp(): void
}

/** What a {@link Stopwatch} is built on, in milliseconds. */
export interface TimeSources {
  /** May stand still while the machine sleeps. */
  readonly monotonic: () => number
  /** Goes on while the machine sleeps, and is not set with its clock. Undefined where nothing does that we could ask. */
  readonly uptime: (() => number) | undefined
}

/** A shorter sleep is not told apart from the coarse grain of the uptime, whole seconds with some versions of libuv. */
const MIN_SLEEP_MS = 3_000

/**
 * The monotonic clock stands still during sleep on Linux alone, where the uptime is that of CLOCK_BOOTTIME. On macOS and
 * Windows it goes on (libuv reads mach_continuous_time and QueryPerformanceCounter), and the uptime of macOS is a
 * difference of two wall times, so it is not asked.
 */
const machine: TimeSources = {
  monotonic: () => performance.now(),
  uptime: process.platform === 'linux' ? () => uptime() * 1_000 : undefined,
}

export function createStopwatch({ monotonic, uptime }: TimeSources = machine): Stopwatch {
  const startedAt = monotonic()
  /** How far the uptime is ahead of the monotonic clock: a sleep is what it leaps by. */
  const readLead = () => (uptime ? uptime() - monotonic() : 0)
  let lead = readLead()
  let sleptMs = 0
  return {
    elapsed: () => monotonic() - startedAt + sleptMs,
    catchUp: () => {
      const leapMs = readLead() - lead
      // Smaller ones are kept out of the sum but not out of the next comparison, or they would add up over the days.
      lead += leapMs
      if (leapMs >= MIN_SLEEP_MS) sleptMs += leapMs
    },
  }
}

/**
 * The store's clock: wall time as read once, advanced by the stopwatch. A step of the machine's clock neither ends a
 * lease early nor prolongs it.
 *
 * @param notBefore The last moment that the store wrote; the clock starts no earlier, even when the machine's clock was
 *   set back while the bus was down.
 */
export function createClock(notBefore: number, { elapsed }: Stopwatch = createStopwatch()): Clock {
  const startedAt = Math.max(Date.now(), notBefore)
  const anchor = elapsed()
  return () => Math.floor(startedAt + (elapsed() - anchor))
}
