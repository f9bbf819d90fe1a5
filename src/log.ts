import type { Log } from './core/context.ts'
import { toMoment } from './core/moment.ts'

/**
 * A log of one JSON line per event. It carries request ids, operation names and figures: no bodies, no names of agents,
 * no secrets.
 *
 * @param write Takes one line without its end. Never standard output in the MCP server, where the protocol speaks.
 */
export function createLog(write: (line: string) => void): Log {
  const line = (level: string, event: string, fields: object) =>
    write(JSON.stringify({ time: toMoment(performance.timeOrigin + performance.now()), level, event, ...fields }))
  return {
    info: (event, fields = {}) => line('info', event, fields),
    error: (event, error, fields = {}) =>
      line('error', event, {
        ...fields,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
  }
}
