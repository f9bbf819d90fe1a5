import { BusApiError, BusUnreachable } from './errors.ts'

/** How soon a bus that is away is asked again, in milliseconds. */
const ASK_AGAIN_MS = 250

/**
 * Waits on when the bus ends meanwhile: the next one is asked for the rest of the time, and has kept the place in the queue.
 * Only for what may be asked for again without a key, as a claim: it renews what it was granted before.
 *
 * @param waitSeconds How long the caller wants to wait.
 * @param ask Asks a bus to wait for so many seconds.
 * @throws {BusApiError} As `ask` does when the bus refuses, or when no time is left.
 * @throws {BusUnreachable} Likewise; also at once when no bus was there from the beginning.
 */
export async function waitOn<Answer>(
  waitSeconds: number,
  signal: AbortSignal | undefined,
  ask: (waitSeconds: number) => Promise<Answer>,
): Promise<Answer> {
  const endsAt = performance.now() + waitSeconds * 1000
  let remaining = waitSeconds
  let wasCutShort = false
  while (true) {
    try {
      return await ask(remaining)
    } catch (error) {
      wasCutShort ||= isCutShort(error)
      remaining = (endsAt - performance.now() - ASK_AGAIN_MS) / 1000
      if (!wasCutShort || !isOfAnEnd(error) || remaining <= 0 || signal?.aborted) throw error
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS))
    }
  }
}

/** A bus that waited for us has ended: it said so, or nobody hears of it any more. */
function isCutShort(error: unknown): boolean {
  if (error instanceof BusUnreachable) return error.outcomeUnknown
  return error instanceof BusApiError && error.statusCode === 409 && error.body.retry_after_ms === 0
}

/** What is heard of a bus that ends, is away, or begins. */
function isOfAnEnd(error: unknown): boolean {
  return (
    error instanceof BusUnreachable || isCutShort(error) || (error instanceof BusApiError && error.statusCode === 503)
  )
}
