import { setTimeout as sleep } from 'node:timers/promises'
import type { BusClient } from '../client/index.ts'
import type { Agenda } from './agenda.ts'
import { openPlay, type Play } from './play.ts'
import { MINUTE } from './stage.ts'
import { beginWaiting, endWaiting } from './waiting.ts'
import { createWoundClock, type WoundClock } from './wound-clock.ts'

export interface DemoOptions {
  /** The same seed plays the same afternoon. */
  readonly seed?: number
  /** How much has happened already when somebody looks for the first time, in milliseconds. */
  readonly pastMs?: number
  readonly onFault: (error: unknown) => void
}

/** Synthetic agents that play an afternoon on a bus of their own. */
export interface Demo {
  /** The clock that the bus must have: behind the present one, until the past has been played. */
  createClock(present: () => number): () => number
  /** Plays the past at full speed, with what the bus does from time to time. */
  settle(client: BusClient, doChores: () => Promise<void>): Promise<void>
  /** Goes on in real time, until {@link Demo.leave}. */
  live(): void
  /** Resolves when nobody does anything any more. */
  leave(): Promise<void>
}

/** An afternoon with something of everything at its opening. */
export const SEED = 4

const PAST_MS = 180 * MINUTE

/** What the bus writes down from time to time gets the time at which it does. */
const CHORES_EVERY_MS = 2 * MINUTE

/** A step that is so late was slept through: the play goes on where it was, and is not made up for. */
const SLEPT_MS = 20_000

export function createDemo({ seed = SEED, pastMs = PAST_MS, onFault }: DemoOptions): Demo {
  const ended = new AbortController()
  let clock: WoundClock | undefined
  let play: Play | undefined
  let living: Promise<void> | undefined
  return {
    createClock: (present) => {
      clock = createWoundClock(present, pastMs)
      return clock.now
    },
    settle: async (client, doChores) => {
      if (!clock) throw new Error('the bus of a demo must have its clock')
      const report = (error: unknown) => {
        // What is under way when the bus ends is refused, and that is no fault.
        if (!ended.signal.aborted) onFault(error)
      }
      play = openPlay({ client, seed, now: clock.now, openingInMs: pastMs, onFault: report })
      await playPast(play.agenda, clock, doChores)
      play.stage.isLive = true
      beginWaiting(play.stage)
    },
    live: () => {
      if (play && clock) living = playOn(play.agenda, clock.now, ended.signal)
    },
    leave: async () => {
      ended.abort()
      await Promise.all([living, play && endWaiting(play.stage)])
    },
  }
}

/** Until the present, which moves on meanwhile. */
async function playPast(agenda: Agenda, clock: WoundClock, doChores: () => Promise<void>): Promise<void> {
  let choresAt = agenda.nextAt() + CHORES_EVERY_MS
  for (let next = agenda.nextAt(); clock.advanceTo(next); next = agenda.nextAt()) {
    await agenda.step()
    if (next < choresAt) continue
    await doChores()
    choresAt = next + CHORES_EVERY_MS
  }
  await doChores()
  clock.catchUp()
}

async function playOn(agenda: Agenda, now: () => number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const dueInMs = agenda.nextAt() - now()
    if (dueInMs < -SLEPT_MS) agenda.postpone(-dueInMs)
    else if (dueInMs > 0) await sleep(dueInMs, undefined, { signal }).catch(() => {})
    if (!signal.aborted) await agenda.step()
  }
}
