import * as z from 'zod'
import type { Context } from '../../core/context.ts'
import type { Database } from '../../core/database.ts'
import { AppError } from '../../core/errors.ts'
import { lane } from './schemas.ts'

/** How many different refusals wait at most to be kept. What is beyond is forgotten: a tally is no proof. */
const MAX_ENTRIES = 1_000

/** A call that was refused for the sake of one lane. */
export interface Refusal {
  readonly lane: string
  readonly owner: string
  readonly code: string
  /** The tenure that stood in the way; the last one where there was none. */
  readonly fence: number
  /** Who held it live, if anybody did. */
  readonly heldBy: string | undefined
}

/** The same refusal, so many times. Moments are of the tally's stopwatch. */
export interface Entry extends Refusal {
  readonly count: number
  readonly firstAt: number
  readonly lastAt: number
}

/** Counts refusals in memory, so that they cost neither the refused nor the store. */
export interface Tally {
  add(refusal: Refusal): void
  /** Takes out what was counted since the last time. */
  take(): readonly Entry[]
  /** Puts back what could not be kept. */
  putBack(entries: readonly Entry[]): void
  /** Milliseconds since a moment of its stopwatch. */
  sinceMs(moment: number): number
}

export function createTally(maxEntries = MAX_ENTRIES, stopwatch: () => number = () => performance.now()): Tally {
  let entries = new Map<string, Entry>()
  const join = (entry: Entry) => {
    const key = JSON.stringify([entry.lane, entry.owner, entry.code, entry.fence])
    const known = entries.get(key)
    if (!known && entries.size >= maxEntries) return
    entries.set(key, known ? merge(known, entry) : entry)
  }
  return {
    add: (refusal) => {
      const now = stopwatch()
      join({ ...refusal, count: 1, firstAt: now, lastAt: now })
    },
    take: () => {
      const taken = [...entries.values()]
      entries = new Map()
      return taken
    },
    putBack: (taken) => {
      for (const entry of taken) join(entry)
    },
    sinceMs: (moment) => stopwatch() - moment,
  }
}

function merge(one: Entry, other: Entry): Entry {
  return {
    ...one,
    heldBy: one.heldBy ?? other.heldBy,
    count: one.count + other.count,
    firstAt: Math.min(one.firstAt, other.firstAt),
    lastAt: Math.max(one.lastAt, other.lastAt),
  }
}

/** One for each bus: its handlers and its chore know each other by the store that they are given. */
const tallies = new WeakMap<Database, Tally>()

export function tallyOf(database: Database): Tally {
  const tally = tallies.get(database) ?? createTally()
  tallies.set(database, tally)
  return tally
}

interface Called {
  readonly input: { readonly owner: string }
  readonly context: Pick<Context, 'database'>
}

/** The same handler, whose refusals are counted: once for each call, however long it waited. */
export function tallied<Call extends Called, Answer>(
  handle: (call: Call) => Promise<Answer>,
): (call: Call) => Promise<Answer> {
  return async (call) => {
    try {
      return await handle(call)
    } catch (error) {
      const tally = tallyOf(call.context.database)
      for (const refusal of toRefusals(error, call.input.owner)) tally.add(refusal)
      throw error
    }
  }
}

const refusedLane = lane.pick({ name: true, state: true, owner: true, fence: true })

/** An error has its details without their types. Those that refuse for the sake of lanes, and no others, name them. */
const refusedLanes = z.union([
  z.object({ lane: refusedLane }).transform((details) => [details.lane]),
  z.object({ lanes: z.array(refusedLane) }).transform(({ lanes }) => lanes),
])

function toRefusals(error: unknown, owner: string): Refusal[] {
  if (!(error instanceof AppError)) return []
  const { data = [] } = refusedLanes.safeParse(error.details)
  return data.map((refused) => ({
    lane: refused.name,
    owner,
    code: error.code,
    fence: refused.fence,
    heldBy: refused.state === 'held' && refused.owner !== null ? refused.owner : undefined,
  }))
}
