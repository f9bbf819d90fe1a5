import type { RawLoad } from './raw-load.ts'

/** Callers that come at a fixed rate, however long the ones before them take: a slow answer delays nobody else's question. */
export interface OpenLoop {
  /** Of each call, in milliseconds, from when it was due. */
  readonly times: readonly number[]
  /** Why calls failed. */
  readonly failures: readonly string[]
}

/** @param next Makes the request whose turn it is. */
export async function runOpenLoop(
  load: RawLoad,
  next: () => Buffer,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<OpenLoop> {
  const times: number[] = []
  const failures: string[] = []
  const startedAt = performance.now()
  const count = Math.round(perSecond * seconds)
  const calls: Promise<void>[] = []
  const call = async (dueAt: number) => {
    try {
      await load.send(next())
      times.push(performance.now() - dueAt)
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error))
    }
  }
  for (let number = 0; number < count; ) {
    const now = performance.now()
    for (; number < count; number += 1) {
      const dueAt = startedAt + (number * 1_000) / perSecond
      if (dueAt > now) break
      calls.push(call(dueAt))
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(calls)
  return { times, failures }
}
