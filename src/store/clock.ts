/** A clock that never runs backwards, in epoch milliseconds. */
export type Clock = () => number

/**
 * The store's clock: wall time as read once, advanced by the monotonic clock. A step of the machine's clock neither ends
 * a lease early nor prolongs it.
 *
 * @param notBefore The last moment that the store wrote; the clock starts no earlier, even when the machine's clock was
 *   set back while the bus was down.
 */
export function createClock(notBefore: number): Clock {
  const startedAt = Math.max(Date.now(), notBefore)
  const anchor = performance.now()
  return () => Math.floor(startedAt + (performance.now() - anchor))
}
