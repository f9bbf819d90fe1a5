/** How much memory does the bus take, idle and with 1,000 readers, and how soon do these have a message? */
import { setTimeout as sleep } from 'node:timers/promises'
import { type EventReader, openEventReader } from './support/event-reader.ts'
import { median, summarize } from './support/measure.ts'
import { NO_MEMORY, readMemory } from './support/memory.ts'
import { type Answer, type Budget, cost, type Figure, type Ratio, type Target } from './support/question.ts'
import { type BusPlace, withWorkplace } from './support/servers.ts'

export const asks =
  'How much memory does the bus take, idle and with 1,000 readers, and how soon do they all have a message?'

export const targets: readonly Target[] = [
  { name: 'idle', says: 'memory of an idle bus', atMost: 90 },
  { name: 'reader.memory', says: 'memory of each of 1,000 readers of the stream', atMost: 25 },
  { name: 'readers.p99', says: 'p99 from a post until each of 1,000 readers has it', atMost: 100 },
]

const READERS = 1_000
/** Opened at a time, so that no connection is refused. */
const AT_ONCE = 50
const MESSAGES = 10
/** What was used at the start is given back in the first seconds. */
const SETTLE_MS = 5_000

export function run({ rounds }: Budget): Promise<Answer> {
  return withWorkplace(async (workplace) => {
    const bus = await workplace.startBus()
    await sleep(SETTLE_MS)
    const idle = readMemory(bus.pid)
    const readers: EventReader[] = []
    workplace.atEnd(() => {
      for (const reader of readers) reader.close()
    })
    while (readers.length < READERS) {
      readers.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => openEventReader(bus.port, bus.host)))))
    }
    await sleep(SETTLE_MS)
    const listening = readMemory(bus.pid)
    const times = await measureArrivals(bus, readers, MESSAGES * rounds)
    const after = readMemory(bus.pid)
    return {
      sections: [
        {
          title: 'memory of the bus',
          figures: toFigures({ idle, [`${READERS} readers`]: listening, 'after the messages': after }),
        },
        { title: `from a post until a reader has it, ${READERS} readers`, figures: [times.every, times.last] },
      ],
      ratios: [
        ...toRatios(idle, listening),
        cost('readers.p99', times.every.p99Ms ?? Number.NaN, 'ms'),
        cost('readers.last', times.last.median, 'ms'),
      ],
      notes: idle === undefined ? [NO_MEMORY] : ['after 10^6 and 10^7 messages: under sizes'],
    }
  })
}

function toFigures(values: Readonly<Record<string, number | undefined>>): Figure[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [summarize(name, [value], 'MiB')],
  )
}

function toRatios(idle: number | undefined, listening: number | undefined): Ratio[] {
  if (idle === undefined || listening === undefined) return []
  return [cost('idle', idle, 'MiB'), cost('reader.memory', ((listening - idle) * 1024) / READERS, 'KiB')]
}

async function measureArrivals(bus: BusPlace, readers: readonly EventReader[], count: number) {
  const writer = await bus.open(1)
  const every: number[] = []
  const last: number[] = []
  for (let message = 0; message <= count; message += 1) {
    const body = `message-${message}-ends`
    const arrived = readers.map((reader) => reader.until(body))
    const startedAt = performance.now()
    await writer.send(bus.toRequest('POST', '/api/bus/message', { topic: 'news', sender: 'bench', body }))
    const times = (await Promise.all(arrived)).map((at) => at - startedAt)
    // The first one only warms up.
    if (message === 0) continue
    every.push(...times)
    last.push(Math.max(...times))
    await sleep(Math.min(200, median(times)))
  }
  writer.close()
  return { every: summarize('each reader', every), last: summarize('the last reader', last) }
}
