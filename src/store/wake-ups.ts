/** Who listens on which channel, in this process. */
export interface WakeUps {
  listen(channel: string, wake: () => void): () => void
  notify(channels: Iterable<string>): void
  /** For when nobody knows what was missed. */
  notifyAll(): void
}

export function createWakeUps(): WakeUps {
  const listeners = new Map<string, Set<() => void>>()
  return {
    listen: (channel, wake) => {
      const listening = listeners.get(channel) ?? new Set()
      listeners.set(channel, listening.add(wake))
      return () => {
        listening.delete(wake)
        if (listening.size === 0 && listeners.get(channel) === listening) listeners.delete(channel)
      }
    },
    notify: (channels) => {
      for (const channel of new Set(channels)) for (const wake of [...(listeners.get(channel) ?? [])]) wake()
    },
    notifyAll: () => {
      for (const listening of [...listeners.values()]) for (const wake of [...listening]) wake()
    },
  }
}
