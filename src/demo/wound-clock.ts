/** A clock that was set back, and is wound forward until it shows the present again. In epoch milliseconds. */
export interface WoundClock {
  now(): number
  /** Returns false, and changes nothing, for a moment that has not come yet. */
  advanceTo(moment: number): boolean
  /** From now on it is the present one. */
  catchUp(): void
}

export function createWoundClock(present: () => number, backMs: number): WoundClock {
  let moment = present() - backMs
  let isPresent = false
  return {
    now: () => (isPresent ? present() : moment),
    advanceTo: (next) => {
      if (next > present()) return false
      moment = Math.max(moment, next)
      return true
    },
    catchUp: () => {
      isPresent = true
    },
  }
}
