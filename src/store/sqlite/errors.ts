import { AppError, commonError } from '../../core/errors.ts'

/** Result codes of SQLite (sqlite.org/rescode.html) that are the world's fault, not a bug of ours. */
const OUTSIDE_CAUSES: ReadonlyMap<number, string> = new Map([
  [5, 'the database is locked by another program'],
  [6, 'the database is locked by another program'],
  [8, 'the database is read-only'],
  [10, 'the disk reported an error'],
  [11, 'the database file is damaged'],
  [13, 'the disk is full'],
  [14, 'the database file cannot be opened'],
  [26, 'the file is not an SQLite database'],
])

/** Why the world did not let SQLite do it; undefined when the error is anything else. */
export function findOutsideCause(error: unknown): string | undefined {
  const code = findPrimaryCode(error)
  return code === undefined ? undefined : OUTSIDE_CAUSES.get(code)
}

export function isBusy(error: unknown): boolean {
  return findPrimaryCode(error) === 5
}

/** What a caller may be told of it; the error itself when it is not the world's fault. */
export function toStoreError(error: unknown): unknown {
  const cause = error instanceof AppError ? undefined : findOutsideCause(error)
  if (cause === undefined) return error
  return commonError('store_unavailable', `nothing was changed: ${cause} -- try again later`, { retry_after_ms: 1000 })
}

function findPrimaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  // The low byte is the primary code; the rest refines it.
  return error.errcode & 0xff
}
