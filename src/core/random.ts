/** Chances that are the same again for the same seed. */
export interface Random {
  /** At least 0, below 1. */
  next(): number
  /** A whole number from 0 up to, and without, `limit`. */
  below(limit: number): number
  /** A whole number, both ends included. */
  between(low: number, high: number): number
  /** @throws {RangeError} When there is nothing to pick from. */
  pick<T>(items: readonly T[]): T
  /** True in this share of the cases. */
  chance(share: number): boolean
}

/** Mulberry32: short, and even enough for choices of a test or of a story; not for secrets. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    next,
    below,
    between: (low, high) => low + below(high - low + 1),
    pick: <T>(items: readonly T[]) => {
      const index = below(items.length)
      if (index >= items.length) throw new RangeError('nothing to pick from')
      return items[index] as T // In bounds, as just checked.
    },
    chance: (share) => next() < share,
  }
}
