import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { startError } from '../../core/errors.ts'

/** Where the header of a file says whether it is used with a log beside it (sqlite.org/fileformat2.html, 1.3.3). */
const READ_VERSION_AT = 19
const WITH_LOG = 2

/**
 * Refuses a log that was left beside a restored copy by the database that was there before. SQLite would take it for the
 * copy's own, and carry it over into it without a word. A copy has never had one, and says so until a bus has opened it.
 *
 * Likewise a log whose database is not there any more: SQLite would begin an empty one, and drop the log.
 *
 * @throws {AppError} `database_unusable`
 */
export function refuseStrayLog(path: string): void {
  const log = `${path}-wal`
  if (sizeOf(log) === 0) return
  if (sizeOf(path) <= READ_VERSION_AT) {
    throw startError(
      'database_unusable',
      `${log} is the log of a database that is not there: put the file back as ${path}, and start again; or move ${log} away to begin an empty one`,
    )
  }
  if (readByte(path, READ_VERSION_AT) === WITH_LOG) return
  throw startError(
    'database_unusable',
    `${log} is the log of a database that was here before this copy was restored -- move it and ${path}-shm away, then start again`,
  )
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function readByte(path: string, position: number): number | undefined {
  const file = openSync(path, 'r')
  try {
    const bytes = new Uint8Array(1)
    readSync(file, bytes, 0, 1, position)
    return bytes[0]
  } finally {
    closeSync(file)
  }
}
