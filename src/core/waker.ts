import type { Context } from './context.ts'
import type { Database } from './database.ts'

export interface Waker {
  /** Ends after `ms`, or sooner: when the channel was notified since the last wait began, or nobody is to wait any more. */
  readonly wait: (ms: number) => Promise<void>
  /** Whether nobody is to wait any more: the caller has gone, or the bus is to end. */
  isOver(): boolean
  close(): void
}

/**
 * Lets a request sleep until something happened on a channel. What happens between two waits is not missed.
 *
 * @throws {AppError} `too_many_waiting`, before anything is begun.
 */
export function createWaker(
  { database, signal, waits }: Pick<Context, 'signal' | 'waits'> & { readonly database: Pick<Database, 'listen'> },
  channel: string,
): Waker {
  const leave = waits.enter()
  const { stopping } = waits
  let isNotified = false
  let wake = () => {}
  const notify = () => {
    isNotified = true
    wake()
  }
  const isOver = () => signal.aborted || stopping.aborted
  const stop = database.listen(channel, notify)
  signal.addEventListener('abort', notify, { once: true })
  stopping.addEventListener('abort', notify, { once: true })
  return {
    wait: async (ms) => {
      if (!isNotified && !isOver()) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      isNotified = false
    },
    isOver,
    close: () => {
      leave()
      stop()
      signal.removeEventListener('abort', notify)
      stopping.removeEventListener('abort', notify)
    },
  }
}
