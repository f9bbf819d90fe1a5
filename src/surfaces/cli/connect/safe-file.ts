import { constants } from 'node:fs'
import { chmod, copyFile, mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { UsageError } from '../command.ts'

/** A file that is to be replaced as a whole, or made. */
export interface SafeFile {
  /** Empty when there is no such file yet. */
  readonly text: string
  /**
   * Puts other text in its place: all of it or, when that fails, none.
   *
   * @returns Where the former file is kept; undefined when there was none.
   * @throws {UsageError} When somebody else wrote the file since it was read, or it cannot be written.
   */
  replace(text: string): Promise<string | undefined>
}

/** @throws {UsageError} When it is there and cannot be read as text. */
export async function openSafeFile(path: string): Promise<SafeFile> {
  const bytes = await readIfThere(path)
  const text = bytes === undefined ? '' : decode(path, bytes)
  return { text, replace: (changed) => tell(path, () => replace(path, bytes, changed)) }
}

async function replace(path: string, former: Buffer | undefined, text: string): Promise<string | undefined> {
  // A rename would put a file in the place of a link, as people have who keep such files elsewhere.
  const place = former === undefined ? path : await realpath(path)
  await mkdir(dirname(place), { recursive: true })
  const fresh = `${place}.${process.pid}.tmp`
  try {
    // At first for nobody else: it may hold what the former file kept from others.
    await writeFile(fresh, text, { flag: 'wx', flush: true, ...(former === undefined ? {} : { mode: 0o600 }) })
    if (former !== undefined) await chmod(fresh, (await stat(place)).mode)
    const backup = former === undefined ? undefined : await keepCopy(place)
    await assertUnchanged(path, former)
    await untilLetGo(() => rename(fresh, place))
    return backup
  } catch (error) {
    await rm(fresh, { force: true })
    throw error
  }
}

const RENAMES = 6
const RENAME_AGAIN_MS = 50

/** Windows puts no file in the place of one that a program has open, as scanners for viruses do for a moment after a change. */
export async function untilLetGo(
  act: () => Promise<void>,
  platform: NodeJS.Platform = process.platform,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await act()
    } catch (error) {
      const isHeld = ['EPERM', 'EBUSY', 'EACCES'].includes(getCode(error) ?? '')
      if (platform !== 'win32' || !isHeld || attempt === RENAMES) throw error
      await setTimeout(RENAME_AGAIN_MS)
    }
  }
}

/** Copies the file beside itself, under a name that was free. */
async function keepCopy(place: string): Promise<string> {
  const changedAt = (await stat(place)).mtime
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replaceAll(':', '-')
  for (let attempt = 0; ; attempt += 1) {
    const backup = [`${place}.bak`, `${place}.${changedAt}.bak`][attempt] ?? `${place}.${changedAt}-${attempt}.bak`
    try {
      await copyFile(place, backup, constants.COPYFILE_EXCL)
      return backup
    } catch (error) {
      if (getCode(error) !== 'EEXIST') throw error
    }
  }
}

async function assertUnchanged(path: string, former: Buffer | undefined): Promise<void> {
  const now = await readIfThere(path)
  const isSame = former === undefined || now === undefined ? now === former : now.equals(former)
  if (!isSame) throw new UsageError(`${path} was changed by somebody else at this moment: try again`)
}

/** With the mark that some editors of Windows begin a file with, which is part of its text. */
function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new UsageError(`cannot use ${path}: it is no text in UTF-8`)
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  return tell(path, async () => {
    try {
      return await readFile(path)
    } catch (error) {
      if (getCode(error) === 'ENOENT') return undefined
      throw error
    }
  })
}

/** A refusal of the system is one line for the person. */
async function tell<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    const code = getCode(error)
    if (code === undefined) throw error
    const why = new Map([
      ['EACCES', 'no permission'],
      ['EPERM', 'no permission, or a program has it open'],
      ['EBUSY', 'a program has it open'],
      ['EISDIR', 'it is a folder'],
      ['ENOTDIR', 'what should be its folder is a file'],
      ['EROFS', 'the disk is read-only'],
      ['ENOSPC', 'the disk is full'],
    ])
    throw new UsageError(`cannot use ${path}: ${why.get(code) ?? code}`)
  }
}

function getCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
