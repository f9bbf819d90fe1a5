import { type Stats, statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { SqliteDriver } from './driver.ts'
import { findPrimaryCode } from './errors.ts'

/** What the file says of itself without its log, as of when the log was last copied into it. */
interface Base {
  readonly epoch: string
  readonly lastMoment: number
}

/** SQLite's codes for what says nothing of the content: locked, no memory, a disk error, no descriptor for the file. */
const UNTOLD: ReadonlySet<number> = new Set([5, 6, 7, 10, 14])

/**
 * Watches whether somebody writes over the file, as whoever copies a backup there under a running bus. SQLite does not
 * notice: it goes on with its log, and copies pages of one database into the other.
 *
 * @param copyLog Copies the log into the file: of a new database there is nothing in it before.
 * @returns Whether the file, as `stat` tells of it now, holds another state than one that came from here; for good, once it
 *   is so. Copying the log there is what everybody may do.
 */
export function watchContent(driver: SqliteDriver, path: string, copyLog: () => void): (stats: Stats) => boolean {
  if (readBase(driver, path) === 'other') copyLog()
  let { mtimeMs, size } = statSync(path)
  let base = readBase(driver, path)
  let isOverwritten = false
  return (stats) => {
    if (isOverwritten || (stats.mtimeMs === mtimeMs && stats.size === size)) return isOverwritten
    const found = readBase(driver, path)
    if (found === 'untold') return false
    isOverwritten = !isSuccessor(found, base)
    mtimeMs = stats.mtimeMs
    size = stats.size
    base = found
    return isOverwritten
  }
}

/** The moment only rises: each commit writes it. */
function isSuccessor(found: Base | 'other', base: Base | 'other' | 'untold'): boolean {
  if (found === 'other') return false
  if (base === 'other' || base === 'untold') return true
  return found.epoch === base.epoch && found.lastMoment >= base.lastMoment
}

/** Reads past the log and the locks; SQLite itself sees to it that closing this drops no lock of our other connections. */
function readBase(driver: SqliteDriver, path: string): Base | 'other' | 'untold' {
  try {
    const connection = driver.open(`${pathToFileURL(path).href}?immutable=1`)
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
