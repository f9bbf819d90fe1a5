/** Whether this is `npm run test:long`. */
const isLong = process.env.BUS_TEST_SCALE === 'long'

const DAY_MS = 86_400_000

/** How much a test does: enough for every change under `npm test`, or for the proof under `npm run test:long`. */
export function scale<T>({ short, long }: { readonly short: T; readonly long: T }): T {
  return isLong ? long : short
}

/** How long a test may take: `shortMs` under `npm test`; a long one is bounded by its count alone. */
export function limitMs(shortMs: number): number {
  return scale({ short: shortMs, long: DAY_MS })
}

/** The numbers of a test's rounds, each with a bus of its own, so that a long run needs no more memory than a short one. */
export function listRounds(counts: { readonly short: number; readonly long: number }): number[] {
  return Array.from({ length: scale(counts) }, (_, index) => index + 1)
}
