import { type Stats, statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { SqliteDriver } from './driver.ts'
import { findPrimaryCode } from './errors.ts'

/** What the file says of itself without its log, as of when the log was last copied into it. */
interface Base {
  readonly epoch: string
  readonly lastMoment: number
}

/**
 * SQLite's codes for what says nothing of where the content is from: locked, no memory, a disk error, no descriptor for the
 * file. And damage: a full disk may cut off the copying of the log in its middle, and without its log the file is torn then
 * until the log is copied again.
 */
const UNTOLD: ReadonlySet<number> = new Set([5, 6, 7, 10, 11, 14])

/**
 * Watches whether somebody writes over the file, as whoever copies a backup there under a running bus. SQLite does not
 * notice: it goes on with its log, and copies pages of one database into the other.
 *
 * @param copyLog Copies the log into the file: of a new database there is nothing in it before.
 * @returns Whether the file, as `stat` tells of it now, holds another state than one that came from here. Copying the log there
 *   is what everybody may do.
 */
export function watchContent(driver: SqliteDriver, path: string, copyLog: () => void): (stats: Stats) => boolean {
  if (readBase(driver, path) === 'other') copyLog()
  let { mtimeMs, size } = statSync(path)
  let base = readBase(driver, path)
  let isOverwritten = false
  return (stats) => {
    if (stats.mtimeMs === mtimeMs && stats.size === size) return isOverwritten
    const found = readSettled(driver, path, base)
    if (found === 'untold') return isOverwritten
    mtimeMs = stats.mtimeMs
    size = stats.size
    // What came from here stays the measure: the file may be put right again.
    isOverwritten = !isSuccessor(found, base)
    if (!isOverwritten) base = found
    return isOverwritten
  }
}

/** The moment only rises: each commit writes it. */
function isSuccessor(found: Base | 'other', base: Base | 'other' | 'untold'): boolean {
  if (found === 'other') return false
  if (base === 'other' || base === 'untold') return true
  return found.epoch === base.epoch && found.lastMoment >= base.lastMoment
}

/** How often, and how many milliseconds apart, a file is read again that holds another state. */
const READS = 10
const READ_AGAIN_MS = 10

const pause = new Int32Array(new SharedArrayBuffer(4))

/** One that somebody copies the log into at this moment is torn, and whole a moment later. */
function readSettled(driver: SqliteDriver, path: string, base: Base | 'other' | 'untold'): Base | 'other' | 'untold' {
  let found = readBase(driver, path)
  for (let read = 1; read < READS && found !== 'untold' && !isSuccessor(found, base); read += 1) {
    Atomics.wait(pause, 0, 0, READ_AGAIN_MS)
    found = readBase(driver, path)
  }
  return found
}

/** Reads past the log and the locks; SQLite itself sees to it that closing this drops no lock of our other connections. */
function readBase(driver: SqliteDriver, path: string): Base | 'other' | 'untold' {
  try {
    const connection = driver.open(`${pathToFileURL(path).href}?immutable=1`, true)
    try {
      const [row] = connection.prepare('select epoch, last_moment from bus_store limit 1').all()
      if (typeof row !== 'object' || row === null || !('epoch' in row) || !('last_moment' in row)) return 'other'
      return { epoch: String(row.epoch), lastMoment: Number(row.last_moment) }
    } finally {
      connection.close()
    }
  } catch (error) {
    return UNTOLD.has(findPrimaryCode(error) ?? 0) ? 'untold' : 'other'
  }
}
