import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createBusClient } from '../../src/client/index.ts'
import { createTempFolder } from '../support/bus.ts'
import { startBusProcess } from '../support/process.ts'
import { limitMs, scale } from '../support/scale.ts'
import { readEvents } from './event-reader.ts'
import { countFrom1, END, toMessageIds, writeChanges } from './event-writers.ts'
import { createRandom, takeSeed } from './random.ts'

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
  const written = await writeChanges([createBusClient({ baseUrl: apiUrl })], random, count)
  const read = await Promise.all(readers)
  const cuts = read.reduce((sum, reader) => sum + reader.cuts, 0)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(
    `events${forgets ? ', forgetful readers' : ''}: ${count} messages, ${written.changes} events, ${read.length} readers, ${cuts} connections cut, ${seconds} s, seed ${seed}`,
  )
  return { written, seen: read.map((reader) => reader.seen) }
}

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
