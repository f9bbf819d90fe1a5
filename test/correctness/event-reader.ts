import { request as send } from 'node:http'
import type { Random } from './random.ts'

/** An event as a reader keeps it: its place, and of a message or its acknowledgement the message's id. */
export interface SeenEvent {
  readonly id: number
  readonly kind: string
  readonly messageId: number | undefined
}

export interface EventReaderOptions {
  readonly apiUrl: string
  /** As in `kind=message&topic=converge`. */
  readonly filter: string
  /** After how many events a connection is cut, drawn anew for each. */
  readonly chooseCut: (random: Random) => number
  readonly random: Random
  /** Whether an event is the last one to wait for. */
  readonly isLast: (data: string) => boolean
  /** Wrong: comes back without saying where it was. */
  readonly forgets?: boolean
}

/** Reads the stream until the last event, over connections that break off again and again. */
export async function readEvents(options: EventReaderOptions): Promise<{ seen: SeenEvent[]; cuts: number }> {
  const seen: SeenEvent[] = []
  let cuts = 0
  // The first connection begins at the beginning, and has no event to go on after.
  let lastId = '0'
  while (true) {
    const { events, last, isEnd } = await readConnection(options, options.forgets && cuts > 0 ? undefined : lastId)
    seen.push(...events)
    lastId = last ?? lastId
    if (isEnd) return { seen, cuts }
    cuts += 1
  }
}

interface Connection {
  readonly events: readonly SeenEvent[]
  readonly last: string | undefined
  readonly isEnd: boolean
}

/** One connection: a whole event counts as soon as its empty line has come. */
function readConnection(options: EventReaderOptions, lastId: string | undefined): Promise<Connection> {
  const { apiUrl, filter, chooseCut, random, isLast } = options
  const most = chooseCut(random)
  const events: SeenEvent[] = []
  let last: string | undefined
  return new Promise((resolve, reject) => {
    const headers = lastId === undefined ? {} : { 'last-event-id': lastId }
    const outgoing = send(`${apiUrl}/events?${filter}`, { headers, agent: false }, (incoming) => {
      if (incoming.statusCode !== 200) return reject(new Error(`the stream answered ${incoming.statusCode}`))
      let text = ''
      const end = (isEnd: boolean) => {
        outgoing.destroy()
        resolve({ events, last, isEnd })
      }
      incoming.setEncoding('utf8')
      incoming.on('data', (chunk: string) => {
        if (outgoing.destroyed) return
        const blocks = (text + chunk).split('\n\n')
        text = blocks.pop() ?? ''
        for (const block of blocks) {
          const { id, kind, data } = parseBlock(block)
          last = id ?? last
          if (kind === undefined || kind === 'hello' || data === undefined) continue
          events.push({ id: Number(id), kind, messageId: JSON.parse(data).message?.id })
          if (isLast(data)) return end(true)
          if (events.length >= most) return end(false)
        }
      })
      incoming.on('close', () => end(false))
    })
    outgoing.on('error', (error) => (outgoing.destroyed ? undefined : reject(error)))
    outgoing.end()
  })
}

function parseBlock(block: string): { id: string | undefined; kind: string | undefined; data: string | undefined } {
  const fields = new Map(
    block.split('\n').map((line): [string, string] => {
      const [name = '', ...value] = line.split(': ')
      return [name, value.join(': ')]
    }),
  )
  return { id: fields.get('id'), kind: fields.get('event'), data: fields.get('data') }
}
