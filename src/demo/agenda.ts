/** What somebody does step by step: it yields how long to pause, in milliseconds. */
export type Scene<Result = void> = AsyncGenerator<number, Result, void>

/** Who goes on next, and when. */
export interface Agenda {
  /** @param inMs Counted from the step that is under way. */
  start(scene: Scene, inMs?: number): void
  /** One act, likewise. */
  doLater(act: () => Promise<unknown>, inMs: number): void
  /** The moment of the next step, in epoch milliseconds. */
  nextAt(): number
  /** Takes the next step, and resolves when that scene pauses again or has ended. */
  step(): Promise<void>
  /** Moves everything back by so much. */
  postpone(ms: number): void
}

interface Entry {
  /** Resolves with the pause until the next step; undefined at the end. */
  readonly step: () => Promise<number | undefined>
  at: number
}

/**
 * Pauses are counted from when a step was due, not from when it was taken, so that nothing drifts.
 *
 * @param startsAt The moment of the first steps, in epoch milliseconds.
 * @param onFault Is told what a scene failed with; the others go on.
 */
export function createAgenda(startsAt: number, onFault: (error: unknown) => void): Agenda {
  /** By their moments; of two with the same the one that was there first. */
  const entries: Entry[] = []
  let now = startsAt

  const insert = (entry: Entry) => {
    const later = entries.findIndex(({ at }) => at > entry.at)
    entries.splice(later === -1 ? entries.length : later, 0, entry)
  }

  return {
    start: (scene, inMs = 0) => insert({ step: () => goOn(scene), at: now + inMs }),
    doLater: (act, inMs) => insert({ step: () => doOnce(act), at: now + inMs }),
    nextAt: () => entries[0]?.at ?? Number.POSITIVE_INFINITY,
    step: async () => {
      const entry = entries.shift()
      if (!entry) return
      now = entry.at
      try {
        const pauseMs = await entry.step()
        if (pauseMs !== undefined) insert({ step: entry.step, at: entry.at + pauseMs })
      } catch (error) {
        onFault(error)
      }
    },
    postpone: (ms) => {
      now += ms
      for (const entry of entries) entry.at += ms
    },
  }
}

async function goOn(scene: Scene): Promise<number | undefined> {
  const { done, value } = await scene.next()
  return done ? undefined : value
}

async function doOnce(act: () => Promise<unknown>): Promise<undefined> {
  await act()
}
