import { AppError, commonError, startError } from '../../core/errors.ts'
import { RESTORE_ADVICE } from '../inspection.ts'

const DISK_ERROR = 10

/** The file is SQLite's, and what is in it cannot be (SQLITE_CORRUPT). */
const DAMAGED = 11

/** Result codes of SQLite (sqlite.org/rescode.html) that are the world's fault, not a bug of ours. */
const OUTSIDE_CAUSES: ReadonlyMap<number, string> = new Map([
  [5, 'the database is locked by another program'],
  [6, 'the database is locked by another program'],
  [8, 'the database is read-only'],
  [DISK_ERROR, 'the disk reported an error'],
  [DAMAGED, 'the database file is damaged'],
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

/** What a person is told of a file that cannot be opened. */
export function toUnusable(error: unknown, path: string): unknown {
  if (error instanceof AppError) return error
  if (findPrimaryCode(error) === DAMAGED) {
    return startError('database_inconsistent', `the database ${path} is damaged -- ${RESTORE_ADVICE}`)
  }
  const cause = findOutsideCause(error) ?? (error instanceof Error ? error.message : String(error))
  return startError('database_unusable', `cannot use the database ${path}: ${cause}`)
}

/** What a caller may be told of it; the error itself when it is not the world's fault. */
export function toStoreError(error: unknown): unknown {
  const cause = error instanceof AppError ? undefined : findOutsideCause(error)
  if (cause === undefined) return error
  if (findPrimaryCode(error) === DAMAGED) {
    return commonError(
      'store_unavailable',
      `nothing was changed: ${cause} -- tell the person who runs the bus: ${RESTORE_ADVICE}`,
      { retry_after_ms: 5000 },
    )
  }
  return commonError('store_unavailable', `nothing was changed: ${cause} -- try again later`, { retry_after_ms: 1000 })
}

/**
 * What a caller may be told when the commit itself failed. When the disk failed at its very end, what was written may
 * be found again by the next start; only asking again under the same key is safe.
 */
export function toCommitError(error: unknown): unknown {
  if (findPrimaryCode(error) !== DISK_ERROR) return toStoreError(error)
  return commonError(
    'store_unavailable',
    'the disk failed while it kept this: it may or may not have been kept -- look before you ask again, or ask again with the same Idempotency-Key',
    { retry_after_ms: 1000, outcome_unknown: true },
  )
}

/**
 * SQLite's own texts for these codes (sqlite3_errstr): `@photostructure/sqlite` 1.2.1 gives no code with what a query
 * throws while it reads.
 */
const CODES_BY_TEXT: ReadonlyMap<string, number> = new Map([
  ['database is locked', 5],
  ['database table is locked', 6],
  ['attempt to write a readonly database', 8],
  ['disk I/O error', 10],
  ['database disk image is malformed', 11],
  ['database or disk is full', 13],
  ['unable to open database file', 14],
  ['file is not a database', 26],
])

/** SQLite's primary result code; undefined when it is no error of SQLite. */
export function findPrimaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  if (!('errcode' in error) || typeof error.errcode !== 'number') return CODES_BY_TEXT.get(error.message)
  // The low byte is the primary code; the rest refines it.
  return error.errcode & 0xff
}
