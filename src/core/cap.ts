import type { AppError } from './errors.ts'

/** Bounds how many there are of something at once. */
export interface Cap {
  /**
   * Lets one more in.
   *
   * @returns Says that it is gone; counts once, however often it is said.
   * @throws {AppError} When there are as many as there may be.
   */
  enter(): () => void
  readonly count: number
}

/** @param refuse Makes what is thrown at one too many, given how many there are. */
export function createCap(most: number, refuse: (most: number) => AppError): Cap {
  let count = 0
  return {
    enter: () => {
      if (count >= most) throw refuse(most)
      count += 1
      let isIn = true
      return () => {
        if (isIn) count -= 1
        isIn = false
      }
    },
    get count() {
      return count
    },
  }
}
