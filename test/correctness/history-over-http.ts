import { Agent, request } from 'node:http'
import type { Holder, LaneCommand } from '../../src/capabilities/lanes/decide.ts'
import { type Entry, parseAnswer } from './history.ts'
import { createAgent } from './history-commands.ts'
import type { Random } from './random.ts'

/** Where a connection is cut: as soon as the request is sent, or when its answer arrives. */
type Cut = 'after request' | 'before answer' | undefined

export interface ClientOptions {
  /** As in `http://127.0.0.1:8100/api/bus`. */
  readonly apiUrl: string
  readonly holder: Holder
  readonly lanes: readonly [string, ...string[]]
  readonly operations: number
  /** The share of the connections that are cut. */
  readonly cutShare: number
  readonly random: Random
}

/** Sends commands one after another over a connection that is kept alive, and records what it sees. */
export async function recordClient(options: ClientOptions): Promise<Entry[]> {
  const { apiUrl, holder, lanes, operations, cutShare, random } = options
  const agent = createAgent(random, holder, lanes)
  const connection = new Agent({ keepAlive: true, maxSockets: 1 })
  const entries: Entry[] = []
  try {
    while (entries.length < operations) {
      const { lane, command } = agent.choose()
      const cut = random.chance(cutShare) ? random.pick(['after request', 'before answer'] as const) : undefined
      const invokedAt = performance.now()
      const text = await send(connection, `${apiUrl}/lanes/${lane}/${command.kind}`, toBody(command), cut)
      const returnedAt = performance.now()
      const answer = text === undefined ? undefined : parseAnswer(text)
      if (answer) agent.learn(lane, answer)
      entries.push({ lane, command, invokedAt, returnedAt, answer })
    }
  } finally {
    connection.destroy()
  }
  return entries
}

function toBody(command: LaneCommand): string {
  const { owner, session } = command
  const lease_s = 'leaseMs' in command ? command.leaseMs / 1000 : undefined
  const fence = 'fence' in command ? command.fence : undefined
  return JSON.stringify({ owner, session, lease_s, fence })
}

/** Resolves with the body of a 200 or a 409; with undefined when the connection was cut before that was known. */
function send(agent: Agent, url: string, body: string, cut: Cut): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const outgoing = request(url, { method: 'POST', agent, headers }, (incoming) => {
      if (cut) return outgoing.destroy()
      let text = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (chunk: string) => {
        text += chunk
      })
      incoming.on('end', () => {
        const isAnswer = incoming.statusCode === 200 || incoming.statusCode === 409
        if (isAnswer) resolve(text)
        else reject(new Error(`status ${incoming.statusCode}: ${text}`))
      })
    })
    outgoing.on('error', (error) => {
      if (!cut) reject(error)
    })
    outgoing.on('close', () => {
      if (cut) resolve(undefined)
    })
    // On the next turn, so that the request has left, and the bus may have begun with it.
    if (cut === 'after request') outgoing.on('finish', () => setImmediate(() => outgoing.destroy()))
    outgoing.end(body)
  })
}
