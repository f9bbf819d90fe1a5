import type { Chore } from './core/capability.ts'
import type { BusContext } from './core/context.ts'
import { AppError } from './core/errors.ts'

/**
 * Runs each chore again and again, on its own, also one that fails. A fault of ours is logged, once in a row of them; what
 * the world does to the store is told to every caller, and is not.
 *
 * @returns Stops them, and resolves when those under way have ended.
 */
export function startChores(chores: readonly Chore[], bus: BusContext): () => Promise<void> {
  const stops = chores.map((chore) => startChore(chore, bus))
  return async () => {
    await Promise.all(stops.map((stop) => stop()))
  }
}

function startChore({ name, everyMs, run }: Chore, bus: BusContext): () => Promise<void> {
  let isStopped = false
  let isFaulty = false
  let running = Promise.resolve()
  const runOnce = async () => {
    try {
      await run(bus)
      isFaulty = false
    } catch (error) {
      const isFault = !(error instanceof AppError)
      if (isFault && !isFaulty) bus.log.error('chore failed', error, { chore: name })
      isFaulty = isFault
    }
    if (!isStopped) timer = schedule()
  }
  const schedule = () =>
    setTimeout(() => {
      running = runOnce()
    }, everyMs).unref()
  let timer = schedule()
  return () => {
    isStopped = true
    clearTimeout(timer)
    return running
  }
}
