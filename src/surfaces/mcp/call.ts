import type { FieldProblem } from '../../core/errors.ts'
import { findHint } from '../../core/hint.ts'
import type { AnyOperation } from '../../core/operation.ts'

/**
 * Runs an operation: over HTTP in the stdio server, in process in the bus. Never throws for what a caller may be told.
 *
 * The last argument is the step of a trace that the call is a part of, as the client named it.
 */
export type Call = (
  operation: AnyOperation,
  input: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
  traceparent?: string | undefined,
) => Promise<CallResult>

export type CallResult =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly error: CallError }

/** Every kind of refusal says what to do, and which tool to call next with what. */
interface Hinted {
  readonly hint?: string
}

export type CallError = Hinted &
  (
    | {
        readonly type: 'bus_unreachable'
        /** What happened, where it looked, what to do. */
        readonly message: string
        readonly base_url: string
        /** The request was sent and may have been carried out. */
        readonly outcome_unknown?: boolean
      }
    | {
        readonly type: 'bus_api_error'
        readonly message: string
        readonly status_code: number
        /** The bus's own words; an old bus has nothing else. */
        readonly detail: string
        readonly code?: string
        readonly [field: string]: unknown
      }
    | {
        readonly type: 'invalid_arguments'
        readonly message: string
        readonly errors: readonly FieldProblem[]
      }
  )

/** A refusal of the bus as an agent gets it: everything the bus said, and what its code asks for. */
export function toApiError(
  operation: AnyOperation,
  statusCode: number,
  body: { readonly detail: string; readonly code?: string },
): CallResult {
  const hint = findHint(statusCode, body.code, operation.errors)
  const own = { type: 'bus_api_error', message: body.detail, status_code: statusCode } as const
  // Ours come first for the reader, and again last, for what answered may be no bus and name its fields alike.
  return { ok: false, error: { ...own, ...body, ...own, ...(hint === undefined ? {} : { hint }) } }
}
