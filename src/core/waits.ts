import { type Cap, createCap } from './cap.ts'
import { commonError } from './errors.ts'

/** Those who wait on a bus, all of them: how many they may be, and when they are to stop. */
export interface Waits extends Cap {
  /** Aborts when the bus is to end: whoever waits then is answered with how things stand. */
  readonly stopping: AbortSignal
}

/** How soon one who could not be let in may try again, in milliseconds. */
export const RETRY_AFTER_MS = 1_000

/** @param most How many may wait at once; each holds a connection, a timer and perhaps a place in a queue. */
export function createWaits(most: number, stopping: AbortSignal): Waits {
  const cap = createCap(most, (count) =>
    commonError(
      'too_many_waiting',
      `as many requests wait already as may (${count}) -- ask without wait_s, or a little later`,
      {
        retry_after_ms: RETRY_AFTER_MS,
      },
    ),
  )
  return Object.assign(cap, { stopping })
}

/** Whether an input asks to wait. It may be anything, for nobody has parsed it yet: an object that is no number has no value as one. */
export function asksToWait(input: unknown): boolean {
  if (typeof input !== 'object' || input === null || !('wait_s' in input)) return false
  return typeof input.wait_s === 'number' && input.wait_s > 0
}
