import { type Stats, statSync } from 'node:fs'
import type { Log } from '../../core/context.ts'
import { type AppError, commonError } from '../../core/errors.ts'

/** How often, in milliseconds, those files are looked at whose loss takes nothing with it at once. */
const LOOK_MS = 250

/** Waiting helps only where somebody puts the file back. */
const RETRY_AFTER_MS = 5_000

/**
 * Whether the files that SQLite has open are still those that the next start will find. Where they are not, SQLite notices
 * nothing: it writes on into a file without a name, and every acknowledged write is gone with the process.
 */
export interface OwnFiles {
  /** Before a change. @throws {AppError} `store_unavailable`: nothing was changed. */
  assertThere(): void
  /**
   * After a commit and before anybody hears of it: what is acknowledged was in the named files when it was durable.
   *
   * @throws {AppError} `store_unavailable` with `outcome_unknown`, for the file may be put back.
   */
  assertKept(): void
  /** Looks at all of them, and tells the operator what it finds. */
  look(): void
}

interface OwnFile {
  readonly name: string
  readonly path: string
  /** Which file it is; undefined where no other can take its name. */
  readonly identity: { readonly device: number; readonly inode: number } | undefined
}

export interface OwnFilesOptions {
  /** Of the database file, without links in it. */
  readonly path: string
  readonly log: Log | undefined
  /** Whether somebody wrote over the database file. */
  readonly isOverwritten: (stats: Stats) => boolean
  /** Takes over into the database file what is in a log that has lost its name. */
  readonly rescue: () => void
  readonly platform?: NodeJS.Platform
}

const FILES = [
  ['', 'the database file'],
  ['-wal', "the database's log (-wal)"],
  ['-shm', "the index of the database's log (-shm)"],
  ['-lock', 'the lock of the bus (-lock)'],
] as const

/** Nothing can be lost: the database is in memory. */
export const unlosableFiles: OwnFiles = { assertThere: () => {}, assertKept: () => {}, look: () => {} }

/**
 * Remembers which files are there now. They are compared by device and inode, which no other file can have while SQLite
 * has these open. By name alone: to close a file that SQLite has open would drop SQLite's locks on it (POSIX). Windows lets
 * nobody delete or rename a file that SQLite has open, but it does let others write over it.
 */
export function rememberFiles({ path, log, isOverwritten, rescue, platform }: OwnFilesOptions): OwnFiles {
  const isLosable = (platform ?? process.platform) !== 'win32'
  const files = FILES.slice(0, isLosable ? FILES.length : 1).map(([ending, name]) =>
    rememberFile(`${path}${ending}`, name, isLosable),
  )
  const [databaseFile, logFile] = files
  const keeping = files.slice(0, 2)
  // A commit may copy the log over what somebody wrote there, and then nobody could tell.
  const atOnce = files.slice(0, 1)
  let lookedAt = Number.NEGATIVE_INFINITY
  let told: string | undefined

  const tell = (file: OwnFile, problem: string) => {
    if (told === undefined) log?.error('database file lost', new Error(`${file.path}: ${problem}`))
    told = problem
    // Else a bus that is killed now takes with it what it acknowledged before.
    if (file === logFile && problem === GONE) rescue()
  }
  const findProblem = (candidates: readonly OwnFile[]) => {
    for (const file of candidates) {
      const problem = compare(file, file === databaseFile ? isOverwritten : undefined)
      if (problem === undefined) continue
      tell(file, problem)
      return { file, problem }
    }
    return undefined
  }
  const lookAtAll = () => {
    lookedAt = performance.now()
    const found = findProblem(files)
    if (found === undefined && told !== undefined) {
      told = undefined
      log?.info('database file back')
    }
    return found
  }
  return {
    assertThere: () => {
      const isRecent = told === undefined && performance.now() - lookedAt < LOOK_MS
      const found = isRecent ? findProblem(atOnce) : lookAtAll()
      if (found) throw refuse(`nothing was changed: ${describe(found)}`)
    },
    assertKept: () => {
      const found = findProblem(keeping)
      if (found) throw refuse(`it may or may not have been kept: ${describe(found)}`, { outcome_unknown: true })
    },
    look: () => {
      lookAtAll()
    },
  }
}

const GONE = 'it was deleted or moved away while the bus runs'
const REPLACED = 'another file was put in its place while the bus runs'
const OVERWRITTEN = 'another program wrote over it while the bus runs'

const REMEDIES: Readonly<Record<string, string>> = {
  // The process may hold the last copy, and a start that finds no file begins an empty one.
  [GONE]: 'put that same file back, and not end it before',
  [OVERWRITTEN]: 'stop it, remove the -wal and -shm files, put the right file there again, and start it',
}

function rememberFile(path: string, name: string, isLosable: boolean): OwnFile {
  const { dev, ino } = statSync(path)
  return { name, path, identity: isLosable ? { device: dev, inode: ino } : undefined }
}

function compare({ path, identity }: OwnFile, isOverwritten?: (stats: Stats) => boolean): string | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return GONE
    if (identity && (stats.ino !== identity.inode || stats.dev !== identity.device)) return REPLACED
    return isOverwritten?.(stats) ? OVERWRITTEN : undefined
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    return `it can no longer be looked at (${code})`
  }
}

function describe({ file, problem }: { readonly file: OwnFile; readonly problem: string }): string {
  return `${file.name} is lost, ${problem} -- the person who runs the bus must ${REMEDIES[problem] ?? 'restart it'}`
}

function refuse(message: string, details: Record<string, unknown> = {}): AppError {
  return commonError('store_unavailable', message, { retry_after_ms: RETRY_AFTER_MS, ...details })
}
