import type { Database } from './database.ts'

export interface Log {
  info(event: string, fields?: Readonly<Record<string, string | number | boolean>>): void
  /** For faults of the bus: the error goes to the operator whole, and never to a caller. */
  error(event: string, error: unknown, fields?: Readonly<Record<string, string | number | boolean>>): void
}

/** The settings that a handler may depend on. */
export interface Settings {
  /** The floor and the ceiling that leases are clamped to. */
  readonly minLeaseMs: number
  readonly maxLeaseMs: number
  /** Whether writes need the secret. Shown, never checked, by handlers. */
  readonly writeSecretRequired: boolean
  /** The product's version. */
  readonly version: string
}

/** What a handler may touch, and all that it may touch. */
export interface Context {
  readonly database: Database
  readonly settings: Settings
  readonly log: Log
  /** Names the request in answers, history and logs. */
  readonly requestId: string
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal
}
