import { closeSync, openSync, readFileSync } from 'node:fs'
import { devNull } from 'node:os'

const EVERY_MS = 1_000

/** What connections must leave for everything else: the program's own parts, which are loaded late, and SQLite's files. */
const RESERVE = 64

export interface ShortageListener {
  /** Once, when no file or connection can be opened any more. */
  readonly onShortage: (error: unknown) => void
  /** Once, when one can again. */
  readonly onRelief: () => void
}

/**
 * Watches whether the process can still open anything. At its limit, Node closes each new connection without a word to
 * anybody, and so nobody would know why callers are turned away.
 *
 * @returns Ends it.
 */
export function watchDescriptors({ onShortage, onRelief }: ShortageListener): () => void {
  let isShort = false
  const timer = setInterval(() => {
    try {
      closeSync(openSync(devNull, 'r'))
      if (isShort) onRelief()
      isShort = false
    } catch (error) {
      if (!isShort) onShortage(error)
      isShort = true
    }
  }, EVERY_MS).unref()
  return () => clearInterval(timer)
}

/**
 * How many connections may be open at once: as many as are wanted, or as the process may have. A part of the program that
 * finds no descriptor when it is loaded cannot be loaded ever after, for Node remembers the failure.
 */
export function boundConnections(wanted: number): number {
  const limit = readLimit()
  return limit === undefined ? wanted : Math.max(1, Math.min(wanted, limit - RESERVE))
}

/** Undefined where there is none, or nobody says. */
function readLimit(): number | undefined {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return limit === undefined ? undefined : Number(limit)
  } catch {
    // Not Linux.
    return undefined
  }
}
