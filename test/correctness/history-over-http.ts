import { Agent, request } from 'node:http'
import type { Holder, LaneCommand } from '../../src/capabilities/lanes/decide.ts'
import { type Entry, parseAnswer } from './history.ts'
import { createAgent, type Leases, type Waits } from './history-commands.ts'
import type { Random } from './random.ts'

/** Where a connection is cut: as soon as the request is sent, a little later, or when its answer arrives. */
type Cut = 'after request' | 'while waiting' | 'before answer' | undefined

/** When one is cut that waits: within most leases, so that its turn often comes at the same time. */
const MAX_CUT_DELAY_MS = 40

export interface ClientOptions {
  /** As in `http://127.0.0.1:8100/api/bus`. */
  readonly apiUrl: string
  readonly holder: Holder
  readonly lanes: readonly string[]
  readonly waits?: Waits | undefined
  readonly leases?: Leases | undefined
  readonly operations: number
  /** The share of the connections that are cut. */
  readonly cutShare: number
  readonly random: Random
}

export interface Recording {
  readonly entries: readonly Entry[]
  /** Waits that were refused because they would never end. They changed nothing, and tell nothing of the lane. */
  readonly deadlocks: number
}

/** Sends commands one after another over a connection that is kept alive, and records what it sees. */
export async function recordClient(options: ClientOptions): Promise<Recording> {
  const { apiUrl, holder, lanes, waits, leases, operations, cutShare, random } = options
  const agent = createAgent(random, holder, lanes, waits, leases)
  const connection = new Agent({ keepAlive: true, maxSockets: 1 })
  const entries: Entry[] = []
  let deadlocks = 0
  try {
    while (entries.length < operations) {
      const { lane, command, waitMs } = agent.choose()
      const cut = random.chance(cutShare)
        ? random.pick(['after request', 'while waiting', 'before answer'] as const)
        : undefined
      const cutDelayMs = cut === 'while waiting' ? random.between(0, MAX_CUT_DELAY_MS) : 0
      const invokedAt = performance.now()
      const url = `${apiUrl}/lanes/${lane}/${command.kind}`
      const text = await send(connection, url, toBody(command, waitMs), cut, cutDelayMs)
      const returnedAt = performance.now()
      if (text !== undefined && isDeadlock(text)) {
        deadlocks += 1
        continue
      }
      const answer = text === undefined ? undefined : parseAnswer(text)
      if (answer) agent.learn(lane, answer)
      entries.push({ lane, command, waitMs, invokedAt, returnedAt, answer })
    }
  } finally {
    connection.destroy()
  }
  return { entries, deadlocks }
}

/** @throws {Error} When the cycle that it tells is none. */
function isDeadlock(text: string): boolean {
  const { code, cycle }: { code?: string; cycle?: { owner: string; held_by: string }[] } = JSON.parse(text)
  if (code !== 'would_deadlock') return false
  const steps = cycle ?? []
  const isCycle = steps.every(({ held_by }, index) => held_by === steps[(index + 1) % steps.length]?.owner)
  if (steps.length === 0 || !isCycle) throw new Error(`no cycle: ${text}`)
  return true
}

function toBody(command: LaneCommand, waitMs: number): string {
  const { owner, session } = command
  const lease_s = 'leaseMs' in command ? command.leaseMs / 1000 : undefined
  const fence = 'fence' in command ? command.fence : undefined
  const wait_s = waitMs > 0 ? waitMs / 1000 : undefined
  return JSON.stringify({ owner, session, lease_s, fence, wait_s })
}

/** Resolves with the body of a 200 or a 409; with undefined when the connection was cut before that was known. */
function send(agent: Agent, url: string, body: string, cut: Cut, cutDelayMs: number): Promise<string | undefined> {
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
    if (cut === 'while waiting') setTimeout(() => outgoing.destroy(), cutDelayMs)
    outgoing.end(body)
  })
}
