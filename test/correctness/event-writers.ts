import type { BusClient } from '../../src/client/index.ts'
import type { SeenEvent } from './event-reader.ts'
import type { Random } from './random.ts'

const WRITERS = 48
const TOPICS = ['converge', 'handover', 'review'] as const
/** What every reader waits for: it fits all filters. */
export const END = { topic: 'handover', sender: 'last', body: 'the end' }

export interface Written {
  /** The ids of all messages, in order. */
  readonly messages: readonly number[]
  /** Those of `handover`. */
  readonly handovers: readonly number[]
  /** How many changes of any kind were acknowledged. */
  readonly changes: number
}

/** Posts so many messages from many writers at once, with claims and acknowledgements between them. */
export async function writeChanges(clients: readonly BusClient[], random: Random, count: number): Promise<Written> {
  const ids = new Map<number, string>()
  let sent = 0
  let others = 0
  const writeOne = async (writer: number) => {
    const topic = random.pick(TOPICS)
    const client = random.pick(clients)
    const { id } = await client.messages.post({ topic, sender: `writer-${writer}`, body: 'short' })
    ids.set(id, topic)
    if (random.chance(0.05)) {
      await client.messages.ack({ id, sender: 'reader' })
      others += 1
    }
    if (random.chance(0.05)) {
      await client.lanes.claim({ lane: `lane-${writer}`, owner: `writer-${writer}` })
      others += 1
    }
  }
  const writeMany = async (_: unknown, writer: number) => {
    while (sent < count - 1) {
      sent += 1
      await writeOne(writer)
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, writeMany))
  ids.set((await random.pick(clients).messages.post(END)).id, END.topic)
  const messages = [...ids.keys()].sort((a, b) => a - b)
  return { messages, handovers: messages.filter((id) => ids.get(id) === 'handover'), changes: ids.size + others }
}

/** The ids of the messages that events tell of. */
export const toMessageIds = (events: readonly SeenEvent[] = []) => events.flatMap(({ messageId }) => messageId ?? [])

export const countFrom1 = (length: number) => Array.from({ length }, (_, index) => index + 1)
