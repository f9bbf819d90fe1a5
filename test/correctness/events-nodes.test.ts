import { describe, expect, it } from 'vitest'
import { startThreeNodes } from '../support/nodes.ts'
import { startTestPostgres } from '../support/postgres-database.ts'
import { limitMs, scale } from '../support/scale.ts'
import { readEvents } from './event-reader.ts'
import { countFrom1, END, toMessageIds, writeChanges } from './event-writers.ts'
import { createRandom, takeSeed } from './random.ts'

const postgres = startTestPostgres()

describe('the stream of events of three nodes on one database', () => {
  it('gives the readers of each node the events of all of them, once and in order, however often they are cut off', {
    timeout: limitMs(60_000),
  }, async () => {
    const count = scale({ short: 1_000, long: 100_000 })
    const seed = takeSeed()
    const random = createRandom(seed)
    const nodes = await startThreeNodes(await postgres().createDatabase())
    const startedAt = performance.now()
    const filters = ['', 'kind=message', 'kind=message&topic=handover']
    const readers = nodes.map(({ apiUrl }, index) =>
      readEvents({
        apiUrl,
        filter: filters[index] ?? '',
        random,
        chooseCut: () => random.between(1, 100),
        isLast: (data) => data.includes(END.body),
      }),
    )
    const clients = nodes.map(({ client }) => client)
    const written = await writeChanges(clients, random, count)
    const [all, messages, handovers] = await Promise.all(readers)
    const cuts = [all, messages, handovers].reduce((sum, reader) => sum + (reader?.cuts ?? 0), 0)
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    console.log(
      `events of three nodes: ${count} messages, ${written.changes} events, 3 readers, ${cuts} connections cut, ${seconds} s, seed ${seed}`,
    )
    expect(all?.seen.map(({ id }) => id)).toEqual(countFrom1(written.changes))
    expect(written.messages).toEqual(countFrom1(count))
    expect(toMessageIds(messages?.seen)).toEqual(written.messages)
    expect(toMessageIds(handovers?.seen)).toEqual(written.handovers)
  })
})
