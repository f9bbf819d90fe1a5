import type { LogMessage, ReadPage } from './log-readers.ts'
import type { Random } from './random.ts'

export interface SimulatedLog {
  append(message: Omit<LogMessage, 'id' | 'ts'>): Promise<LogMessage>
  readonly read: ReadPage
}

/**
 * A log of a bus whose transactions overlap: each takes a while between its first statement and its commit.
 *
 * @param takesIdLast The id is taken at the commit, where nothing can come in between; otherwise at the beginning.
 */
export function createSimulatedLog(random: Random, takesIdLast: boolean): SimulatedLog {
  const committed: LogMessage[] = []
  let head = 0
  const takeId = () => {
    head += 1
    return head
  }
  return {
    append: async (message) => {
      const early = takesIdLast ? undefined : takeId()
      for (let turn = random.between(0, 5); turn >= 0; turn -= 1) await nextTurn()
      const appended = { ...message, id: early ?? takeId(), ts: '' }
      committed.push(appended)
      return appended
    },
    read: async ({ since_id = 0, limit }) => {
      await nextTurn()
      const found = committed.filter(({ id }) => id > since_id).sort((a, b) => a.id - b.id)
      const messages = found.slice(0, limit)
      const newest = Math.max(since_id, ...found.map(({ id }) => id))
      return { messages, next_since_id: messages.at(-1)?.id ?? newest, head_id: newest }
    },
  }
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
