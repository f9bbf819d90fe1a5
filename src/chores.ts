import type { Chore } from './core/capability.ts'
import type { BusContext } from './core/context.ts'

/**
 * Runs each chore again and again, on its own. One that fails is logged and runs again; of a row of failures only the
 * first is logged.
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
  let hasFailed = false
  let running = Promise.resolve()
  const runOnce = async () => {
    try {
      await run(bus)
      hasFailed = false
    } catch (error) {
      if (!hasFailed) bus.log.error('chore failed', error, { chore: name })
      hasFailed = true
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
