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
  /** Goes on while the machine sleeps, and may be set at any time. */
  readonly wall: () => number
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
  wall: () => Date.now(),
}

export function createStopwatch({ monotonic, uptime, wall }: TimeSources = machine): Stopwatch {
  const startedAt = monotonic()
  /** How far the others are ahead of the monotonic clock: a sleep is what they leap by. */
  const readLeads = () => ({ uptime: uptime ? uptime() - monotonic() : 0, wall: wall() - monotonic() })
  let leads = readLeads()
  let sleptMs = 0
  return {
    elapsed: () => monotonic() - startedAt + sleptMs,
    catchUp: () => {
      const before = leads
      // Also where it is no sleep, or the smallest differences would add up over the days.
      leads = readLeads()
      const leapMs = leads.uptime - before.uptime
      // A container's uptime is its own until what fakes it fails, and then the host's. A sleep the wall knows of, too.
      const isConfirmed = leads.wall - before.wall >= leapMs - MIN_SLEEP_MS
      if (leapMs >= MIN_SLEEP_MS && isConfirmed) sleptMs += leapMs
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
