import type { Log } from '../../core/context.ts'
import type { RequestObserver } from './observe.ts'

/**
 * A line per request: its id, the template of its route, its status and how long it took; no path, for that holds names.
 * Faults of the bus or its store are told always, everything else only at the level `debug`: agents ask all the time.
 */
export function createRequestLog(log: Log): RequestObserver {
  return {
    ended: ({ requestId, method, route }, { status, seconds, isAbandoned }) => {
      const fields = {
        request_id: requestId,
        method,
        route,
        status,
        duration_ms: Math.round(seconds * 10_000) / 10,
        ...(isAbandoned ? { abandoned: true } : {}),
      }
      if (status >= 500) log.warn('request', fields)
      else log.debug('request', fields)
    },
  }
}
