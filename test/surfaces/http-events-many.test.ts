import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { BusClient } from '../../src/client/index.ts'
import { startTestBus } from '../support/bus.ts'
import { openStream } from '../support/stream-reader.ts'

const LAST = 'the-last-of-all'
const CHANGES = 60
const BIG = 'x'.repeat(64 * 1024)

interface Asked {
  readonly since_id?: number
  readonly kind?: 'message' | 'ack' | 'lane' | undefined
  readonly topic?: string | undefined
  readonly lane?: string | undefined
}

const FILTERS: readonly Asked[] = (['message', 'ack', 'lane', undefined] as const).flatMap((kind) =>
  ['news', 'other', 'nothing of it', undefined].flatMap((topic) =>
    ['feeds', 'nobody-has-it', undefined].map((lane) => ({ kind, topic, lane })),
  ),
)

/** A reader of the stream. Its filter may leave out whatever ends it, so it is told when it has all that there is. */
async function follow(origin: string, fields: Asked) {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, String(value))
  const { incoming, text } = await openStream(`${origin}/api/bus/events?${query}`)
  return {
    pause: () => incoming.pause(),
    resume: () => incoming.resume(),
    blocks: () => text().trimEnd().split('\n\n').slice(1),
    until: async (count: number) => {
      while (text().trimEnd().split('\n\n').length <= count) await once(incoming, 'data')
    },
  }
}

/** Messages, acknowledgements and changes of lanes, some of them at once. */
async function change({ messages, lanes }: BusClient, index: number) {
  const topic = index % 3 === 0 ? 'other' : 'news'
  const lane = index % 4 === 0 ? 'docs' : 'feeds'
  const posting = messages.post({ topic, sender: 'ann', body: `line ${index}\n"é"` })
  const { id } = index % 2 === 0 ? await posting : { id: undefined }
  await Promise.all([
    posting,
    ...(id === undefined ? [] : [messages.ack({ id, sender: 'bob' })]),
    lanes.claim({ lane, owner: 'ann', note: `step ${index}` }),
  ])
}

/** All that there is for a reader, as it would be sent to it. */
async function readAll({ events }: Pick<BusClient, 'events'>, fields: Asked): Promise<string[]> {
  const page = await events.read({ ...fields, limit: 500 })
  const blocks = page.events.map((event) => `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}`)
  return page.next_since_id === page.head_id
    ? blocks
    : [...blocks, ...(await readAll({ events }, { ...fields, since_id: page.next_since_id }))]
}

/** A message that was sent before somebody acknowledged it does not say so. */
function withoutAck(block: string): string {
  return block.startsWith('event: message', block.indexOf('\n') + 1)
    ? block.replace(/,"acked_by":"bob","acked_at":"[^"]+"/, '')
    : block
}

describe('many readers of GET /api/bus/events', () => {
  it('get, with any filter and from any cursor, exactly what the operation answers', async () => {
    const { origin, client } = await startTestBus()
    const readers: { readonly fields: Asked; readonly reader: Awaited<ReturnType<typeof follow>> }[] = []
    const open = async (fields: Asked) => readers.push({ fields, reader: await follow(origin, fields) })
    await Promise.all(FILTERS.map((filter) => open({ since_id: 0, ...filter })))
    const filters = [...FILTERS]
    for (let index = 0; index < CHANGES; index += 1) {
      const filter = filters.pop()
      const { head_id } = await client.events.read({})
      // Readers come while others are told, from now and from the beginning on.
      const opening = [open({ since_id: head_id, ...filter }), ...(index % 5 === 0 ? [open({ since_id: 0 })] : [])]
      await Promise.all([...opening, change(client, index)])
    }
    for (const { fields, reader } of readers) {
      const expected = await readAll(client, fields)
      await reader.until(expected.length)
      expect(reader.blocks().map(withoutAck), JSON.stringify(fields)).toEqual(expected.map(withoutAck))
    }
  })

  it('get each event once and in order while one of them takes nothing for long, and so does that one', async () => {
    const { origin, client } = await startTestBus()
    const [slow, ...others] = await Promise.all([1, 2, 3, 4].map(() => follow(origin, {})))
    slow?.pause()
    const count = 150
    for (let index = 0; index < count; index += 1) {
      await client.messages.post({ topic: 'news', sender: 'ann', body: index === count - 1 ? LAST : BIG })
    }
    const expected = await readAll(client, { since_id: 0 })
    for (const reader of others) {
      await reader.until(count)
      expect(reader.blocks()).toEqual(expected)
    }
    expect(slow?.blocks().length).toBeLessThan(count)
    slow?.resume()
    await slow?.until(count)
    expect(slow?.blocks()).toEqual(expected)
    await client.messages.post({ topic: 'news', sender: 'ann', body: 'after it' })
    await slow?.until(count + 1)
    expect(slow?.blocks().at(-1)).toContain('after it')
  })
})
