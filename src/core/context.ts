import type { Database, Transaction } from './database.ts'
import type { Waits } from './waits.ts'

/** The levels of a log, from the one that tells most to the one that tells nothing. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

export interface Log {
  /** What is of interest only while somebody looks for something, as each request is. */
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  /** For what an operator should look at some day. */
  warn(event: string, fields?: LogFields): void
  /** For faults of the bus: the error goes to the operator whole, and never to a caller. */
  error(event: string, error: unknown, fields?: LogFields): void
}

/** Request ids, names of operations and routes, figures. Never a body, a secret, or the name of an agent. */
export type LogFields = Readonly<Record<string, string | number | boolean>>

/** The settings that a handler may depend on. */
export interface Settings {
  /** The floor and the ceiling that leases are clamped to. */
  readonly minLeaseMs: number
  readonly maxLeaseMs: number
  /** How long the log keeps what happened; forever when undefined. */
  readonly retainMs?: number | undefined
  /** How many messages the log keeps at the least; all when undefined. */
  readonly retainMessages?: number | undefined
  /** Whether writes need the secret. Shown, never checked, by handlers. */
  readonly writeSecretRequired: boolean
  /** The product's version. */
  readonly version: string
}

/** What a surface knows of a request beside its input. */
export interface RequestInfo {
  /** Names the request in answers, history and logs. */
  readonly requestId: string
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal
  /** The caller's name for this one change, the same when it asks again because no answer came. */
  readonly idempotencyKey?: string | undefined
  /** The step of a trace that this is a part of (W3C `traceparent`), where the call itself names one. */
  readonly traceparent?: string | undefined
  /** Is called when the answer is that of an earlier request with the same key. */
  readonly onReplay?: () => void
}

/** What all requests to one bus share. */
export interface BusContext {
  readonly database: Database
  readonly settings: Settings
  readonly log: Log
  readonly waits: Waits
  /** Makes the {@link Context.write} of a request. */
  readonly createWrite: (request: RequestInfo, operationId: string, input: unknown) => Write
}

/**
 * Makes the one change that a request asks for, as {@link Database.write} does. Once only: when the request carries a
 * key under which the change was made before, `body` does not run and the answer is the earlier one.
 *
 * @param body Resolves with the answer, which is kept with the change.
 * @throws {AppError} `idempotency_key_reused` when the key named another request.
 */
export type Write = <Answer extends object, Kept extends object = Answer>(
  body: (transaction: Transaction) => Promise<Answer>,
  replay?: Replay<Answer, Kept>,
) => Promise<Answer>

/** How a change is answered that was made before. */
export interface Replay<Answer, Kept> {
  /** What is kept of the answer; all of it when left out. What the request itself says comes with every retry of it. */
  readonly keep?: (answer: Answer) => Kept
  /** What a kept answer is worth now. */
  readonly recall: (kept: Kept, transaction: Transaction) => Promise<Answer>
}

/** What a handler may touch, and all that it may touch. */
export interface Context {
  readonly database: Database
  readonly write: Write
  readonly settings: Settings
  readonly log: Log
  readonly waits: Waits
  readonly requestId: string
  readonly signal: AbortSignal
  /** Undefined when whoever asks will not ask again. */
  readonly idempotencyKey?: string | undefined
}
