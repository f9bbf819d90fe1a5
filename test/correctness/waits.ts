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
