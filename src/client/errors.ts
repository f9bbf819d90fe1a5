import { type ErrorBody, hideCredentials } from '../core/errors.ts'

/** The bus did not answer: refused, timed out, no such host, a base URL that is none, or the connection broke off. */
export class BusUnreachable extends Error {
  override readonly name = 'BusUnreachable'
  /** Without a name and password that it may have held. */
  readonly baseUrl: string
  /** In a few words, as in `connection refused`. */
  readonly reason: string
  /** True when the request was sent and may have been carried out. */
  readonly outcomeUnknown: boolean

  constructor(baseUrl: string, reason: string, options: { outcomeUnknown?: boolean; cause?: unknown } = {}) {
    const shown = hideCredentials(baseUrl)
    super(`no bus at ${shown}: ${reason}`, { cause: options.cause })
    this.baseUrl = shown
    this.reason = reason
    this.outcomeUnknown = options.outcomeUnknown ?? false
  }
}

/** The body of a refusal. A bus before this one sends `detail` only. */
export type BusApiErrorBody = Partial<ErrorBody> & Pick<ErrorBody, 'detail'>

/** The bus answered and refused, or what answered is no bus. */
export class BusApiError extends Error {
  override readonly name = 'BusApiError'
  readonly statusCode: number
  readonly body: BusApiErrorBody

  constructor(statusCode: number, body: BusApiErrorBody) {
    super(body.detail)
    this.statusCode = statusCode
    this.body = body
  }
}

/** Whether a call that failed may have been carried out all the same. */
export function isOutcomeUnknown(error: unknown): boolean {
  if (error instanceof BusUnreachable) return error.outcomeUnknown
  return error instanceof BusApiError && error.body.outcome_unknown === true
}
