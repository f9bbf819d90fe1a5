import type { Stopwatch } from '../../src/store/clock.ts'

export interface FakeStopwatch extends Stopwatch {
  /** The process stands still for so long, as when it is stopped: everybody sees the time at once. */
  freeze(ms: number): void
  /** The machine sleeps for so long: nobody sees it before somebody catches up. */
  sleep(ms: number): void
}

/** A stopwatch that moves only when it is told to. */
export function createFakeStopwatch(): FakeStopwatch {
  let elapsed = 0
  let unseen = 0
  return {
    elapsed: () => elapsed,
    catchUp: () => {
      elapsed += unseen
      unseen = 0
    },
    freeze: (ms) => {
      elapsed += ms
    },
    sleep: (ms) => {
      unseen += ms
    },
  }
}
