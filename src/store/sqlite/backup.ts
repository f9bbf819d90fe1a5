import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, link, open, rename, stat, unlink } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { AppError, startError } from '../../core/errors.ts'
import { markAsCopy } from '../epoch.ts'
import { loadDriver } from './driver.ts'
import { findOutsideCause, toUnusable } from './errors.ts'
import { refuseForeign } from './identity.ts'
import { refuseMissing } from './inspect.ts'
import { letGoOfClosed } from './let-go.ts'
import { refuseStrayLog } from './stray-log.ts'

export interface BackupOptions {
  /** The file of the database; a bus may serve it. */
  readonly path: string
  /** Where the copy goes. */
  readonly target: string
  /** Looks at the copy before it has its name; what it throws is what the backup fails with. */
  readonly verify: (copy: string) => Promise<void>
}

/**
 * Copies the database as it is at one moment, while it is served. The copy is whole, checked and on the disk before it has its
 * name, and it never takes another file's place. Until then it is beside it as `NAME.partial-…`, which is nothing to anybody:
 * a process that is killed leaves that and no more.
 *
 * @returns The size of the copy in bytes.
 * @throws {AppError} `backup_exists`, `backup_failed`, `database_missing`, `database_unusable`, `database_inconsistent` for a damaged
 *   one, and what `verify` throws.
 */
export async function backUp({ path, target, verify }: BackupOptions): Promise<number> {
  refuseMissing(path)
  refuseStrayLog(path)
  const file = resolve(target)
  refuseTaken(file)
  const partial = `${file}.partial-${randomUUID().slice(0, 8)}`
  try {
    // For us alone from the beginning: SQLite would make it as readable as the folder lets it.
    await (await open(partial, 'wx', 0o600)).close()
    await copy(path, partial)
    await verify(partial)
    await letGoOfClosed()
    await sync(partial)
    const { size } = await stat(partial)
    await giveName(partial, file)
    await syncFolder(dirname(file))
    return size
  } catch (error) {
    await letGoOfClosed()
    await removePartial(partial)
    throw toFailure(error, target)
  }
}

/**
 * `vacuum into` and not the driver's backup: one statement that reads one moment, with every version of both drivers, into a file
 * without a log beside it and without the pages of what was dropped.
 */
async function copy(path: string, partial: string): Promise<void> {
  const driver = await loadDriver()
  try {
    const source = driver.open(path, true)
    try {
      source.exec('pragma busy_timeout = 2000')
      refuseForeign(source)
      source.prepare('vacuum into ?').run(partial)
    } finally {
      source.close()
    }
  } catch (error) {
    // A full disk is that of the copy: nothing else is written.
    throw isOfTarget(error) ? error : toUnusable(error, path)
  }
  const made = driver.open(partial)
  try {
    markAsCopy((text) => made.exec(text))
  } finally {
    made.close()
  }
}

function isOfTarget(error: unknown): boolean {
  return /full|disk reported|read-only/.test(findOutsideCause(error) ?? '')
}

async function sync(path: string): Promise<void> {
  await withHandle(await open(path, 'r+'), (handle) => handle.sync())
}

/** The new name is kept as well. Windows cannot be asked to, and keeps it by itself. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  await withHandle(await open(folder, 'r'), (handle) => handle.sync())
}

async function withHandle(handle: FileHandle, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(handle)
  } finally {
    await handle.close()
  }
}

/** A rename would take the place of a file that came meanwhile, and a link does not; but not every file system has links. */
async function giveName(partial: string, file: string): Promise<void> {
  try {
    await link(partial, file)
  } catch (error) {
    refuseTaken(file)
    if (codeOf(error) === 'EEXIST') throw error
    return rename(partial, file)
  }
  await unlink(partial)
}

/** @throws {AppError} `backup_exists` */
function refuseTaken(file: string): void {
  if (!existsSync(file)) return
  throw startError('backup_exists', `there is a file ${file} already -- name a new one, or move that one away`)
}

async function removePartial(partial: string): Promise<void> {
  // What a statement that failed may have left beside it goes as well.
  for (const path of [partial, `${partial}-journal`]) await unlink(path).catch(() => {})
}

const CAUSES: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk is full'],
  ['EFBIG', 'the file grew larger than it may'],
  ['ENOENT', 'there is no such folder'],
  ['ENOTDIR', 'there is no such folder'],
  ['EACCES', 'no permission'],
  ['EPERM', 'no permission'],
  ['EBUSY', 'a program has it open'],
  ['EROFS', 'the disk is read-only'],
  ['EIO', 'the disk reported an error'],
])

function toFailure(error: unknown, target: string): unknown {
  if (error instanceof AppError) return error
  const cause = CAUSES.get(codeOf(error)) ?? findOutsideCause(error)
  if (cause === undefined) return error
  return startError('backup_failed', `cannot write the backup ${target}: ${cause} -- nothing of it was left`)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
