import { setTimeout as sleep } from 'node:timers/promises'
import {
  createPageReader,
  findFaults,
  type LogFilter,
  type LogMessage,
  type LogReader,
  type ReadPage,
  type Way,
} from './log-readers.ts'
import type { Random } from './random.ts'

export const WRITERS = 64
export const FILTERS: readonly LogFilter[] = [
  {},
  { topic: 'handover' },
  { sender: 'ann' },
  { topic: 'converge', flagged: true },
]

export type Append = (message: Omit<LogMessage, 'id' | 'ts'>) => Promise<LogMessage>

/** Many writers at once, while readers follow. */
export async function writeAndFollow(
  random: Random,
  options: { readonly messages: number; readonly append: Append; readonly readers: readonly LogReader[] },
) {
  const { messages, append, readers } = options
  const startedAt = performance.now()
  const written: LogMessage[] = []
  let sent = 0
  let isWritten = false
  const write = async () => {
    while (sent < messages) {
      sent += 1
      const topic = random.pick(['converge', 'handover', 'review'])
      const sender = random.pick(['ann', 'bob', 'cid'])
      written.push(await append({ topic, sender, action_flag: random.chance(0.2) }))
    }
  }
  const reading = readers.map((reader) => reader.follow(() => isWritten))
  try {
    await Promise.all(Array.from({ length: WRITERS }, write))
  } finally {
    isWritten = true
  }
  const seen = await Promise.all(reading)
  return {
    ids: written.map(({ id }) => id).sort((a, b) => a - b),
    faults: seen.map((ids, index) => findFaults(ids, written, readers[index]?.filter ?? {})),
    seconds: ((performance.now() - startedAt) / 1000).toFixed(1),
  }
}

/** Readers that go by pages, one for each filter. */
export function createPageReaders<Mark>(
  random: Random,
  way: Way<Mark>,
  read: ReadPage,
  {
    filters = FILTERS,
    pause = () => sleep(2),
  }: { filters?: readonly LogFilter[]; pause?: () => Promise<unknown> } = {},
): LogReader[] {
  const chooseLimit = () => random.between(1, 500)
  return filters.map((filter) => createPageReader({ way, read, filter, chooseLimit, pause }))
}
