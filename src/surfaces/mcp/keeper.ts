import type { Log } from '../../core/context.ts'

type Fields = Readonly<Record<string, unknown>>

/** What an operation granted, for as long as it is renewed. */
export interface Grant {
  readonly input: Fields
  readonly answer: Fields
  /** When it was asked for, in milliseconds of `performance.now()`. */
  readonly askedAt: number
}

/** Begins to renew a grant. `onLost` is called when that has failed for good. */
export type Renew = (grant: Grant, onLost: (reason: string) => void) => Renewal

export interface Renewal {
  stop(): void
  /** Gives back what was granted. Ends in a few seconds, whatever the bus does. */
  giveBack(): Promise<void>
}

/** Something that was granted: the input field that names it, and its name. */
export interface Subject {
  readonly field: string
  readonly name: string
}

/** Keeps alive what tools were granted, without a turn of the model, in a server that is a process. */
export interface Keeper {
  /**
   * Takes note of a grant.
   *
   * @param keepAlive Undefined leaves it as it was: kept for the rest of the time, or not kept.
   * @returns For how long it is kept from now, in seconds; undefined when it is not.
   */
  granted(subject: Subject, grant: Grant, keepAlive: boolean | undefined): number | undefined
  /** Takes note that the agent gave it back itself. */
  ended(subject: Subject): void
  /** What was lost since it was last asked. */
  takeLost(): readonly Fields[]
  /** Gives everything back that is kept. */
  close(): Promise<void>
}

interface Kept {
  readonly renewal: Renewal
  /** In milliseconds of `performance.now()`. */
  readonly until: number
  readonly timer: ReturnType<typeof setTimeout>
}

/** @param maxHoldMs The longest that a grant is kept without being asked for again. */
export function createKeeper(renew: Renew, maxHoldMs: number, log: Log): Keeper {
  const kept = new Map<string, Kept>()
  const lost = new Map<string, Fields>()
  let isClosed = false

  const forget = (key: string) => {
    const found = kept.get(key)
    clearTimeout(found?.timer)
    found?.renewal.stop()
    kept.delete(key)
    return found
  }

  const giveBackAll = async () => {
    const renewals = [...kept.keys()].flatMap((key) => forget(key)?.renewal ?? [])
    const ends = await Promise.allSettled(renewals.map(({ giveBack }) => giveBack()))
    const count = ends.filter(({ status }) => status === 'rejected').length
    if (count > 0) log.info('kept and not given back at the end: the leases will lapse', { count })
  }

  return {
    granted: (subject, grant, keepAlive) => {
      const key = toKey(subject)
      const before = forget(key)
      const now = performance.now()
      const until = keepAlive ? now + maxHoldMs : before?.until
      if (keepAlive === false || until === undefined) return undefined
      const renewal = renew(grant, (reason) => {
        forget(key)
        lost.set(key, { [subject.field]: subject.name, reason })
      })
      kept.set(key, { renewal, until, timer: setTimeout(() => forget(key), until - now) })
      // Granted while its client went away.
      if (isClosed) void giveBackAll()
      return Math.round((until - now) / 1000)
    },
    ended: (subject) => {
      const key = toKey(subject)
      forget(key)
      // A renewal that the bus saw after the end was refused, and is no news.
      lost.delete(key)
    },
    takeLost: () => {
      const taken = [...lost.values()]
      lost.clear()
      return taken
    },
    close: () => {
      isClosed = true
      return giveBackAll()
    },
  }
}

function toKey({ field, name }: Subject): string {
  return JSON.stringify([field, name])
}
