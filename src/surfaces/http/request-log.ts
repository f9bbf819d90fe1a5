import type { Log } from '../../core/context.ts'
import { errorKinds } from '../../core/errors.ts'
import type { RequestObserver } from './observe.ts'

/** A store that is away fails every request: after so many lines in a second the others are only counted. */
const FAILURES_PER_SECOND = 10

/**
 * A line per request: its id, the template of its route, its status and how long it took; no path, for that holds names.
 * What the bus or its store failed at is told always, with the bus's own words for it; everything else only at the level
 * `debug`, for agents ask all the time.
 */
export function createRequestLog(log: Log, now: () => number = () => performance.now()): RequestObserver {
  const failures = createWindow(now)
  return {
    ended: ({ requestId, method, route, refusal }, { status, seconds, isAbandoned }) => {
      const fields = {
        request_id: requestId,
        method,
        route,
        status,
        duration_ms: Math.round(seconds * 10_000) / 10,
        ...(isAbandoned ? { abandoned: true } : {}),
        ...(refusal ? { code: refusal.code } : {}),
      }
      if (status < errorKinds.internal.status) return log.debug('request', fields)
      const untold = failures.count()
      if (untold === undefined) return
      const reason = refusal ? { reason: refusal.message } : {}
      log.warn('request not served', { ...fields, ...reason, ...(untold === 0 ? {} : { untold }) })
    },
  }
}

function createWindow(now: () => number) {
  let beganAt = Number.NEGATIVE_INFINITY
  let told = 0
  let untold = 0
  return {
    /** Undefined when this one is not to be told; else how many were not told before it. */
    count: (): number | undefined => {
      if (now() - beganAt >= 1000) {
        beganAt = now()
        told = 0
      }
      if (told >= FAILURES_PER_SECOND) {
        untold += 1
        return undefined
      }
      told += 1
      const before = untold
      untold = 0
      return before
    },
  }
}
