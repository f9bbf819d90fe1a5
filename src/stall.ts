/** A timer comes so much too late, in milliseconds, only when nothing else ran either. */
const STALL_MS = 1_000

/** How often it is looked. */
const BEAT_MS = 250

/**
 * Watches whether the event loop runs: while it is blocked, or the process is stopped, nobody is answered and no timer
 * comes. Nothing can be said before it is over.
 *
 * @param onStall Is called once for each stall, when it is over, with about how long it was, in milliseconds. Where the
 *   clock goes on while the machine sleeps, as on macOS and Windows, a sleep is one, too.
 * @returns Ends it.
 */
export function watchForStalls(onStall: (blockedMs: number) => void): () => void {
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    const blockedMs = now - last - BEAT_MS
    last = now
    if (blockedMs >= STALL_MS) onStall(Math.round(blockedMs))
  }, BEAT_MS).unref()
  return () => clearInterval(timer)
}
