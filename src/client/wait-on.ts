import { BusApiError, BusUnreachable, isOutcomeUnknown } from './errors.ts'

/** How soon a bus that is away is asked again, in milliseconds, where it does not say. */
const ASK_AGAIN_MS = 250

/** Whoever breaks off sooner has not waited: it is no bus, or has no room for us, and will not be another one at once. */
const WAITED_MS = 1_000

/** What a proxy answers whose bus is away (RFC 9110, section 15.6). */
const GATEWAY_STATUSES: readonly number[] = [502, 504]
const AWAY_STATUSES: readonly number[] = [429, 503, ...GATEWAY_STATUSES]

export interface Wait {
  /** How long in all. */
  readonly seconds: number
  /** How long one call waits at the most. Who was refused at the end of one that was not the last waits on. */
  readonly stepSeconds: number
  readonly signal: AbortSignal | undefined
  /** Whether a bus has answered there before, so that what breaks off at once is one, too. */
  readonly isKnown: () => boolean
}

/**
 * Waits for a lane also when the bus ends meanwhile: the next one is asked for the rest of the time, and has kept the place in
 * the queue. What was granted and not heard of is renewed by that, and its lease begins anew.
 *
 * @param ask Asks a bus to wait for so many seconds, each time anew.
 * @throws {BusApiError} As `ask` does when the bus refuses, or when no time is left. Where an earlier call may have been
 *   carried out it says so.
 * @throws {BusUnreachable} Likewise; also at once when nobody waited for us in the first place.
 */
export async function waitOn<Answer>(
  { seconds, stepSeconds, signal, isKnown }: Wait,
  ask: (waitSeconds: number) => Promise<Answer>,
): Promise<Answer> {
  const endsAt = performance.now() + seconds * 1000
  let wasThere = false
  let isUnknown = false
  while (true) {
    const askedAt = performance.now()
    const waitSeconds = Math.min(Math.max(0, endsAt - askedAt) / 1000, stepSeconds)
    try {
      return await ask(waitSeconds)
    } catch (error) {
      const now = performance.now()
      const isStep = seconds > stepSeconds && isBusy(error)
      wasThere ||= isStep || isCutShort(error, isKnown() || now - askedAt >= WAITED_MS)
      isUnknown ||= mayBeDone(error)
      const pauseMs = isStep && now - askedAt >= waitSeconds * 1000 ? 0 : Math.max(ASK_AGAIN_MS, toRetryAfterMs(error))
      const goesOn = isStep || (wasThere && isOfAnEnd(error))
      if (!goesOn || signal?.aborted || now + pauseMs >= endsAt) throw isUnknown ? tellUnknown(error) : error
      await pause(pauseMs, signal)
    }
  }
}

/** Others hold the lane, or wait for it and came first. */
function isBusy(error: unknown): error is BusApiError {
  return error instanceof BusApiError && (error.body.code === 'lane_held' || error.body.code === 'lane_queued')
}

/**
 * A bus that waited for us has ended: it said so, or nobody hears of it any more.
 *
 * @param hasWaited Whether it can have been a bus.
 */
function isCutShort(error: unknown, hasWaited: boolean): boolean {
  return isRefusedAtEnd(error) || (hasWaited && mayBeDone(error))
}

/** A bus that ends says how the lane stands, and that another may be asked at once. */
function isRefusedAtEnd(error: unknown): boolean {
  return isBusy(error) && error.body.retry_after_ms === 0
}

/** What is heard of a bus that ends, is away, or begins and has all its callers back at once. */
function isOfAnEnd(error: unknown): boolean {
  if (error instanceof BusUnreachable || isRefusedAtEnd(error)) return true
  return error instanceof BusApiError && AWAY_STATUSES.includes(error.statusCode)
}

/** Behind a proxy nobody hears what the bus did. */
function mayBeDone(error: unknown): boolean {
  return isOutcomeUnknown(error) || (error instanceof BusApiError && GATEWAY_STATUSES.includes(error.statusCode))
}

/** Of a refusal that says who holds the lane everything is known. */
function tellUnknown(error: unknown): unknown {
  if (error instanceof BusUnreachable) {
    return new BusUnreachable(error.baseUrl, error.reason, { outcomeUnknown: true, cause: error.cause })
  }
  if (!(error instanceof BusApiError) || !AWAY_STATUSES.includes(error.statusCode)) return error
  return new BusApiError(error.statusCode, { ...error.body, outcome_unknown: true })
}

function toRetryAfterMs(error: unknown): number {
  const isAway = error instanceof BusApiError && AWAY_STATUSES.includes(error.statusCode)
  return isAway ? Number(error.body.retry_after_ms ?? 0) : 0
}

/** Ends early when whoever waits has gone: the next call tells so. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
}
