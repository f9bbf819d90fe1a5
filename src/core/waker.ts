import type { Database } from './database.ts'

export interface Waker {
  /** Ends after `ms`, or sooner: when the channel was notified since the last wait began, or the signal aborts. */
  readonly wait: (ms: number) => Promise<void>
  close(): void
}

/** Lets a request sleep until something happened on a channel. What happens between two waits is not missed. */
export function createWaker({ listen }: Pick<Database, 'listen'>, channel: string, signal: AbortSignal): Waker {
  let isNotified = false
  let wake = () => {}
  const notify = () => {
    isNotified = true
    wake()
  }
  const stop = listen(channel, notify)
  signal.addEventListener('abort', notify, { once: true })
  return {
    wait: async (ms) => {
      if (!isNotified && !signal.aborted) {
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
    close: () => {
      stop()
      signal.removeEventListener('abort', notify)
    },
  }
}
