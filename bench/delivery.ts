/** How soon does a message reach who waits for it: by long poll, by the stream of events, and as an update of a resource? */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@modelcontextprotocol/client'
import { openEventReader } from './support/event-reader.ts'
import { connectHttp, connectStdio } from './support/mcp-clients.ts'
import { sample } from './support/measure.ts'
import { type Answer, type Budget, cost, type Target } from './support/question.ts'
import { type BusPlace, withWorkplace } from './support/servers.ts'

export const asks = 'How long from the sending of a message until one who waits for it has it?'
export const targets: readonly Target[] = []

const MESSAGES = 50
/** So long a reader is left alone before the next message, that it waits again. */
const PAUSE_MS = 80
const LIMIT_MS = 10_000

/** One way to wait for a message of its topic. */
interface Way {
  readonly topic: string
  /** Begins to wait; resolves with when the message came. */
  wait(marker: string): Promise<number>
}

export function run({ rounds }: Budget): Promise<Answer> {
  return withWorkplace(async (workplace) => {
    const bus = await workplace.startBus()
    const writer = await bus.open(1)
    const toPost = (topic: string, body: string) =>
      bus.toRequest('POST', '/api/bus/message', { topic, sender: 'writer', body })
    const stream = await openEventReader(bus.port, bus.host, '?topic=stream')
    workplace.atEnd(stream.close)
    const ways: Record<string, Way> = {
      'long poll': await pollFor(bus),
      'stream of events': { topic: 'stream', wait: stream.until },
      'resource over stdio': await watchResource(await connectStdio(workplace, bus), 'over-stdio'),
      'resource over HTTP': await watchResource(await connectHttp(workplace, bus), 'over-http'),
    }
    let count = 0
    const send = async ({ topic, wait }: Way) => {
      const marker = `message-${count++}-ends`
      const arrived = withLimit(wait(marker), topic)
      await sleep(PAUSE_MS)
      const sentAt = performance.now()
      const [at] = await Promise.all([arrived, writer.send(toPost(topic, marker))])
      return at - sentAt
    }
    const post = async () => {
      const startedAt = performance.now()
      await writer.send(toPost('nobody', `alone-${count++}`))
      return performance.now() - startedAt
    }
    const toSample = Object.entries(ways).map(([name, way]) => [name, () => send(way)] as const)
    const figures = await sample({ 'the post alone': post, ...Object.fromEntries(toSample) }, MESSAGES * rounds)
    writer.close()
    return {
      sections: [{ title: `a message every ${PAUSE_MS} ms`, figures: figures.all }],
      ratios: Object.keys(ways).map((name) => cost(`${name}.ofPost`, figures.ratio(name, 'the post alone'))),
      notes: ['the post alone: its own answer, before which nobody may be told'],
    }
  })
}

async function pollFor(bus: BusPlace): Promise<Way> {
  const load = await bus.open(1)
  const topic = 'poll'
  return {
    topic,
    wait: async () => {
      const { head_id } = await load.ask(bus.toRequest('GET', '/api/bus/messages?limit=1'))
      await load.send(bus.toRequest('GET', `/api/bus/messages?topic=${topic}&since_id=${head_id}&wait_s=20`))
      return performance.now()
    },
  }
}

/** The update says only that there is something new; to read it is one more call. */
async function watchResource(client: Client, topic: string): Promise<Way> {
  let told: ((at: number) => void) | undefined
  client.setNotificationHandler('notifications/resources/updated', () => told?.(performance.now()))
  const next = () =>
    new Promise<number>((resolve) => {
      told = resolve
    })
  const first = next()
  await client.subscribeResource({ uri: `bus://topics/${topic}` })
  // What was asked for counts as changed at first.
  await Promise.race([first, sleep(2_000)])
  return { topic, wait: next }
}

async function withLimit(arrived: Promise<number>, topic: string): Promise<number> {
  const late = new AbortController()
  const limit = sleep(LIMIT_MS, undefined, { signal: late.signal }).then(() => {
    throw new Error(`no message came to ${topic} within ${LIMIT_MS} ms`)
  })
  try {
    return await Promise.race([arrived, limit])
  } finally {
    late.abort()
    limit.catch(() => {})
  }
}
