import { closeSync, openSync } from 'node:fs'
import { startError } from '../../core/errors.ts'
import { rollBack } from './connection.ts'
import type { SqliteConnection, SqliteDriver } from './driver.ts'
import { isBusy } from './errors.ts'

/** The mode of what a bus makes anew, where files have one. SQLite gives its other files that of the database. */
export const OWNER_ONLY = 0o600

/**
 * Makes this process the only bus on a database file, until {@link release} or the end of the process, however it ends.
 *
 * The lock is SQLite's own, on a small database beside the file: the operating system drops it with the process, so a
 * killed bus leaves nothing to clean up, on Windows as elsewhere. A write lock there keeps no reader out, so whoever is
 * refused can tell which process holds it.
 *
 * @throws {AppError} `database_in_use`.
 */
export function lockFile(driver: SqliteDriver, path: string): { release: () => void } {
  // Whoever may read a file may lock it, too.
  closeSync(openSync(`${path}-lock`, 'a', OWNER_ONLY))
  const connection = driver.open(`${path}-lock`)
  try {
    // Whoever has the lock has it for long; but a commit may have to wait for one who is just reading the holder.
    const waitMs = (ms: number) => connection.exec(`pragma busy_timeout = ${ms}`)
    waitMs(1000)
    connection.exec('create table if not exists holder (pid integer not null)')
    waitMs(0)
    connection.exec('begin immediate')
    waitMs(1000)
    connection.exec(`delete from holder; insert into holder (pid) values (${process.pid}); commit`)
    waitMs(0)
    connection.exec('begin immediate')
  } catch (error) {
    rollBack(connection)
    const pid = readHolder(connection)
    connection.close()
    if (!isBusy(error)) throw error
    throw startError(
      'database_in_use',
      `another bus${pid === undefined ? '' : ` (process ${pid})`} is using ${path} -- use that one, or give this one another file with --database-url sqlite:PATH`,
    )
  }
  return { release: () => connection.close() }
}

function readHolder(connection: SqliteConnection): number | undefined {
  try {
    const [row] = connection.prepare('select pid from holder').all()
    return typeof row === 'object' && row !== null && 'pid' in row ? Number(row.pid) : undefined
  } catch {
    return undefined
  }
}
