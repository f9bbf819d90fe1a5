/** What is done to the bus so that it cannot answer as it should. */
export type DisturbanceKind = 'frozen' | 'disk full' | 'killed'

export interface Disturbances {
  /** From now until the returned function is called. */
  begin(kind: DisturbanceKind): () => void
  /** Whether anything of these kinds, or of any, fell into a time or ended a moment before it. */
  touch(from: number, to: number, kinds?: readonly DisturbanceKind[]): boolean
  count(kind: DisturbanceKind): number
}

/** How long what was held up is worked off, in milliseconds. */
const AFTERMATH_MS = 1_500

export function createDisturbances(): Disturbances {
  const all: { readonly kind: DisturbanceKind; readonly from: number; to: number }[] = []
  return {
    begin: (kind) => {
      const disturbance = { kind, from: performance.now(), to: Number.POSITIVE_INFINITY }
      all.push(disturbance)
      return () => {
        disturbance.to = performance.now()
      }
    },
    touch: (from, to, kinds) =>
      // The newest first: hardly anybody asks for what is long ago.
      all.findLast(
        (one) => one.from <= to && one.to + AFTERMATH_MS >= from && (kinds === undefined || kinds.includes(one.kind)),
      ) !== undefined,
    count: (kind) => all.filter((one) => one.kind === kind).length,
  }
}
