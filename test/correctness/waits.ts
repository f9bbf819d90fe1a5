import type { Entry } from './history.ts'

/** What happened to the queue of one lane, in the order in which it did. */
export type QueueEvent =
  | { readonly kind: 'join'; readonly who: string }
  /** Its wait ended without the lane, or its caller has gone. */
  | { readonly kind: 'leave'; readonly who: string }
  /** Whether it had waited or not. */
  | { readonly kind: 'grant'; readonly who: string }

/** One line for each who was granted the lane past somebody who waited for it and was there. */
export function findInversions(events: readonly QueueEvent[]): string[] {
  const queue: string[] = []
  const inversions: string[] = []
  for (const { kind, who } of events) {
    if (kind === 'join' && !queue.includes(who)) queue.push(who)
    if (kind === 'join') continue
    const place = queue.indexOf(who)
    const passed = place === -1 ? queue.length : place
    if (kind === 'grant' && passed > 0) inversions.push(`${who} was granted the lane past ${queue.slice(0, passed)}`)
    if (place !== -1) queue.splice(place, 1)
  }
  return inversions
}

/** How long the bus believes in a waiter that it has not heard of. */
const PRESENT_MS = 5_000
/** The bus counts whole milliseconds. */
const ROUNDING_MS = 2

/** One line for each who was refused a lane for the sake of those who waited for it, when nobody else can have. */
export function findInventedQueues(entries: readonly Entry[]): string[] {
  const waits = entries.filter(({ waitMs }) => waitMs)
  return entries.flatMap((entry) => {
    if (entry.answer?.outcome !== 'lane_queued') return []
    const isKeptBack = waits.some(
      (wait) => wait.lane === entry.lane && !isSameCaller(wait, entry) && mayHaveBeen(wait, entry),
    )
    return isKeptBack ? [] : `${entry.command.owner} was kept back from ${entry.lane} for nobody`
  })
}

/** One line for each who was refused the lane before it had waited as long as it wanted to. */
export function findShortWaits(entries: readonly Entry[]): string[] {
  return entries.flatMap(({ lane, command, waitMs = 0, invokedAt, returnedAt, answer }) => {
    const isRefused = answer?.outcome === 'lane_held' || answer?.outcome === 'lane_queued'
    const waitedMs = returnedAt - invokedAt
    if (!isRefused || waitedMs >= waitMs - ROUNDING_MS) return []
    return `${command.owner} was refused ${lane} after ${waitedMs} ms of ${waitMs} ms`
  })
}

/** Whether the wait may have been under way at some time of the other. */
function mayHaveBeen(wait: Entry, entry: Entry): boolean {
  const endsAt = wait.answer ? wait.returnedAt : wait.returnedAt + PRESENT_MS
  return wait.invokedAt < entry.returnedAt && endsAt > entry.invokedAt
}

function isSameCaller({ command: one }: Entry, { command: other }: Entry): boolean {
  return one.owner === other.owner && one.session === other.session
}
