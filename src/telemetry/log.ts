import { pino } from 'pino'
import type { Log, LogFields, LogLevel } from '../core/context.ts'
import { toMoment } from '../core/moment.ts'

/** Fields that nobody may log. No code does; should some ever do, what they hold is not in the log all the same. */
const NEVER_LOGGED = [
  'body',
  'note',
  'owner',
  'sender',
  'session',
  'recipient',
  'agent_id',
  'secret',
  'writeSecret',
  'authorization',
  'headers',
]

/**
 * A log of one JSON line per event. It carries request ids, operation names and figures: no bodies, no names of agents,
 * no secrets.
 *
 * @param write Takes one line without its end. Never standard output in the MCP server, where the protocol speaks.
 */
export function createLog(write: (line: string) => void, level: LogLevel = 'info'): Log {
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'event',
      timestamp: () => `,"time":"${readTime()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: NEVER_LOGGED, censor: '[never logged]' },
    },
    { write: (line) => write(line.trimEnd()) },
  )
  return {
    debug: (event, fields: LogFields = {}) => logger.debug(fields, event),
    info: (event, fields: LogFields = {}) => logger.info(fields, event),
    warn: (event, fields: LogFields = {}) => logger.warn(fields, event),
    error: (event, error, fields: LogFields = {}) => logger.error({ ...fields, error: describeError(error) }, event),
  }
}

/** When a line is written. Of the machine, and so that it never runs backwards in one log. */
export function readTime(): string {
  return toMoment(performance.timeOrigin + performance.now())
}

/** What stands before the host of an address: the name and password of a database, as a driver's words may tell them. */
const CREDENTIALS = /(\w+:\/\/)[^\s/:]*:\S*@/g

/** With its stack. */
function describeError(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return text.replace(CREDENTIALS, '$1')
}
