export { createRandom, type Random } from '../../src/core/random.ts'

/** The seed that `BUS_TEST_SEED` gives, to see a run again; otherwise a new one. */
export function takeSeed(): number {
  const given = Number(process.env.BUS_TEST_SEED)
  return Number.isSafeInteger(given) && given > 0 ? given : 1 + Math.floor(Math.random() * 2 ** 31)
}
