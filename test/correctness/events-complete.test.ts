import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type BusClient, createBusClient } from '../../src/client/index.ts'
import { createTempFolder } from '../support/bus.ts'
import { startBusProcess } from '../support/process.ts'
import { limitMs, scale } from '../support/scale.ts'
import { readEvents, type SeenEvent } from './event-reader.ts'
import { createRandom, type Random, takeSeed } from './random.ts'

const WRITERS = 48
const TOPICS = ['converge', 'handover', 'review'] as const
/** What every reader waits for: it fits all filters. */
const END = { topic: 'handover', sender: 'last', body: 'the end' }

interface Written {
  /** The ids of all messages, in order. */
  readonly messages: readonly number[]
  /** Those of `handover`. */
  readonly handovers: readonly number[]
  /** How many changes of any kind were acknowledged. */
  readonly changes: number
}

/** Posts so many messages from many writers at once, with claims and acknowledgements between them. */
async function write(client: BusClient, random: Random, count: number): Promise<Written> {
  const ids = new Map<number, string>()
  let sent = 0
  let others = 0
  const writeOne = async (writer: number) => {
    const topic = random.pick(TOPICS)
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
  ids.set((await client.messages.post(END)).id, END.topic)
  const messages = [...ids.keys()].sort((a, b) => a - b)
  return { messages, handovers: messages.filter((id) => ids.get(id) === 'handover'), changes: ids.size + others }
}

async function writeAndRead(count: number, forgets: boolean, filters: readonly string[]) {
  const seed = takeSeed()
  const random = createRandom(seed)
  const { apiUrl } = await startBusProcess([
    '--port',
    '0',
    '--database-url',
    `sqlite:${join(createTempFolder(), 'bus.db')}`,
  ])
  const startedAt = performance.now()
  const readers = filters.map((filter) =>
    readEvents({
      apiUrl,
      filter,
      random,
      forgets,
      chooseCut: () => random.between(1, 2_000),
      isLast: (data) => data.includes(END.body),
    }),
  )
  const written = await write(createBusClient({ baseUrl: apiUrl }), random, count)
  const read = await Promise.all(readers)
  const cuts = read.reduce((sum, reader) => sum + reader.cuts, 0)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(
    `events${forgets ? ', forgetful readers' : ''}: ${count} messages, ${written.changes} events, ${read.length} readers, ${cuts} connections cut, ${seconds} s, seed ${seed}`,
  )
  return { written, seen: read.map((reader) => reader.seen) }
}

const toMessageIds = (events: readonly SeenEvent[] = []) => events.flatMap(({ messageId }) => messageId ?? [])

describe('the stream of events', () => {
  it('gives each reader each event once and in order, however often its connection breaks off', {
    timeout: limitMs(150_000),
  }, async () => {
    const filters = ['', 'kind=message', 'kind=message&topic=handover']
    const { written, seen } = await writeAndRead(scale({ short: 100_000, long: 1_000_000 }), false, filters)
    const [all, messages, handovers] = seen
    expect(all?.map(({ id }) => id)).toEqual(written.messages.length > 0 ? countFrom1(written.changes) : [])
    expect(toMessageIds(all?.filter(({ kind }) => kind === 'message'))).toEqual(written.messages)
    expect(toMessageIds(messages)).toEqual(written.messages)
    expect(toMessageIds(handovers)).toEqual(written.handovers)
  })

  it('is incomplete to a reader that comes back without its last id', { timeout: 60_000 }, async () => {
    const { written, seen } = await writeAndRead(5_000, true, ['kind=message'])
    expect(toMessageIds(seen[0]).length).toBeLessThan(written.messages.length)
  })
})

const countFrom1 = (length: number) => Array.from({ length }, (_, index) => index + 1)
