import type { Clock, Stopwatch } from './clock.ts'
import type { EndedOutage } from './group-commit.ts'

/** Signs of life come three times as often as their absence is an outage. */
export const SIGNS_PER_OUTAGE = 3

interface Sign {
  readonly elapsed: number
  readonly moment: number
}

/** Knows when the store was last seen to work, and so, for how long it was not. */
export interface Vigil {
  /** Whether there is an outage that nobody has seen to yet. */
  isOverdue(): boolean
  /**
   * Gives a sign of life, and returns the outage that it ends. Until `settle` is called the outage stands, for what it
   * calls for may fail.
   */
  look(): EndedOutage | undefined
}

/**
 * @param lastMoment The last moment that an earlier process wrote to this database; undefined when there was none. Then
 *   the vigil begins with an outage, however short, for a process has ended.
 */
export function createVigil(stopwatch: Stopwatch, now: Clock, outageMs: number, lastMoment: number | undefined): Vigil {
  const read = (): Sign => ({ elapsed: stopwatch.elapsed(), moment: now() })
  let last: Sign = lastMoment === undefined ? read() : { elapsed: Number.NEGATIVE_INFINITY, moment: lastMoment }
  const isOverdue = () => stopwatch.elapsed() - last.elapsed > outageMs
  return {
    isOverdue,
    look: () => {
      stopwatch.catchUp()
      const isOutage = isOverdue()
      const sign = read()
      const settle = () => {
        last = sign
      }
      if (isOutage) return { outage: { from: last.moment, to: sign.moment }, settle }
      settle()
      return undefined
    },
  }
}
