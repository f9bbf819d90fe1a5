import { createRandom, type Random } from './random.ts'

interface SetRequest {
  readonly lanes: readonly string[]
  /** What it has locked so far. */
  readonly locked: string[]
  readonly work: Generator<undefined, void>
}

const LANES = ['a', 'b', 'c', 'd', 'e'] as const
const CLIENTS = 4

/**
 * Requests for sets of lanes on a bus of several processes, whose store locks row by row, and lets others go on between
 * any two locks. A request keeps its locks to its end.
 *
 * @param isSorted Each set is locked in the order of its names; otherwise in that of its caller.
 * @returns What each of those holds and waits for who wait for each other for ever; empty when every request ended.
 */
export function simulateSets(seed: number, sets: number, isSorted: boolean): string[] {
  const random = createRandom(seed)
  const locked = new Set<string>()
  const open = new Set<SetRequest>()
  let begun = 0
  while (begun < sets || open.size > 0) {
    while (begun < sets && open.size < CLIENTS) {
      open.add(createRequest(chooseLanes(random, isSorted), locked))
      begun += 1
    }
    const request = random.pick([...open])
    if (request.work.next().done) open.delete(request)
    if (open.size > 0 && [...open].every((one) => isBlocked(one, locked))) return [...open].map(describeBlocked)
  }
  return []
}

function createRequest(lanes: readonly string[], locked: Set<string>): SetRequest {
  const own: string[] = []
  function* claimAll(): Generator<undefined, void> {
    for (const lane of lanes) {
      while (locked.has(lane)) yield
      locked.add(lane)
      own.push(lane)
      yield
    }
    for (const lane of own) locked.delete(lane)
  }
  return { lanes, locked: own, work: claimAll() }
}

/** Two to four different ones. */
function chooseLanes(random: Random, isSorted: boolean): readonly string[] {
  const left = [...LANES]
  const chosen = Array.from({ length: random.between(2, 4) }, () => left.splice(random.below(left.length), 1)).flat()
  return isSorted ? chosen.sort() : chosen
}

function findNext({ lanes, locked }: SetRequest): string | undefined {
  return lanes[locked.length]
}

function isBlocked(request: SetRequest, locked: ReadonlySet<string>): boolean {
  const next = findNext(request)
  return next !== undefined && locked.has(next)
}

function describeBlocked(request: SetRequest): string {
  return `one has ${request.locked.join(' ') || 'nothing'} and waits for ${findNext(request)}`
}
