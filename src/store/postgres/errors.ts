import { AppError, commonError } from '../../core/errors.ts'

/** States and classes of PostgreSQL (appendix A of its manual) that are the world's fault, not a bug of ours. */
const OUTSIDE_CAUSES: readonly (readonly [RegExp, string])[] = [
  [/^55P03$/, 'another bus held its turn for too long'],
  [/^57014$/, 'the database took too long'],
  [/^25006$/, 'the database is read-only'],
  [/^53100$/, 'the disk of the database is full'],
  [/^53/, 'the database is out of resources'],
  [/^(28|3D000|55000)/, 'the database refuses this bus; its own log has the cause'],
  [/^(40001|40P01)$/, 'another transaction was in the way'],
  [/^(58|XX|F0)/, 'the database reported a fault of its own'],
]

/** What became of a connection, by the state that PostgreSQL gives or the system's code. */
const LOST = /^(57P0[1-5]|08...|25P03|ECONN[A-Z]+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/

/** Whether the connection is gone, or never came about: what was under way may be done or not. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isConnectionLost)
  return error instanceof Error && (LOST.test(codeOf(error)) || LOST_TEXT.test(error.message))
}

/** `pg` gives no code with these. */
const LOST_TEXT =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|Query read timeout|timeout e)/

/** Why the world did not let PostgreSQL do it; undefined when the error is anything else. */
export function findOutsideCause(error: unknown): string | undefined {
  if (isConnectionLost(error)) return 'the database cannot be reached'
  const code = codeOf(error)
  return OUTSIDE_CAUSES.find(([pattern]) => pattern.test(code))?.[1]
}

/** What a caller may be told of it; the error itself when it is not the world's fault. */
export function toStoreError(error: unknown): unknown {
  const cause = error instanceof AppError ? undefined : findOutsideCause(error)
  if (cause === undefined) return error
  return commonError('store_unavailable', `nothing was changed: ${cause} -- try again later`, { retry_after_ms: 1000 })
}

/** What a caller may be told when the commit was sent and no answer came. */
export function toCommitError(error: unknown): unknown {
  if (!isConnectionLost(error)) return toStoreError(error)
  return commonError(
    'store_unavailable',
    'the connection to the database broke off while it kept this: it may or may not have been kept -- look before you ask again, or ask again with the same Idempotency-Key',
    { retry_after_ms: 1000, outcome_unknown: true },
  )
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
