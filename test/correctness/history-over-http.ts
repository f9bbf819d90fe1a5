import { Agent, request } from 'node:http'
import type { Holder, LaneCommand } from '../../src/capabilities/lanes/decide.ts'
import { type Answer, type Entry, parseAnswer } from './history.ts'
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
  /** Whether buses are stopped meanwhile: they may break off and refuse then, and that is a fault otherwise. */
  readonly isDisturbed: boolean
  readonly random: Random
}

export interface Recording {
  readonly entries: readonly Entry[]
  /** Waits that were refused because they would never end. They changed nothing, and tell nothing of the lane. */
  readonly deadlocks: number
  /** Refusals that say that nothing was changed, because the bus could not ask its database. No part of the history, either. */
  readonly refused: number
}

/** Sends commands one after another over a connection that is kept alive, and records what it sees. */
export async function recordClient(options: ClientOptions): Promise<Recording> {
  const { apiUrl, holder, lanes, waits, leases, operations, random } = options
  const agent = createAgent(random, holder, lanes, waits, leases)
  const connection = new Agent({ keepAlive: true, maxSockets: 1 })
  const entries: Entry[] = []
  const left = { deadlock: 0, refused: 0 }
  try {
    while (entries.length < operations) {
      const { lane, command, waitMs } = agent.choose()
      const cut = random.chance(options.cutShare)
        ? random.pick(['after request', 'while waiting', 'before answer'] as const)
        : undefined
      const cutDelayMs = cut === 'while waiting' ? random.between(0, MAX_CUT_DELAY_MS) : 0
      const invokedAt = performance.now()
      const url = `${apiUrl}/lanes/${lane}/${command.kind}`
      const sending = send(connection, url, toBody(command, waitMs), cut, cutDelayMs)
      // A bus that wakes closes the connections that were idle for too long by its clock, whatever is on its way to it.
      const received = await (options.isDisturbed ? sending.catch(() => undefined) : sending)
      const returnedAt = performance.now()
      const seen = readReceived(received, options.isDisturbed)
      if (seen === 'deadlock' || seen === 'refused') {
        left[seen] += 1
        continue
      }
      const answer = seen === 'unknown' ? undefined : seen
      if (answer) agent.learn(lane, answer)
      entries.push({ lane, command, waitMs, invokedAt, returnedAt, answer })
    }
  } finally {
    connection.destroy()
  }
  return { entries, deadlocks: left.deadlock, refused: left.refused }
}

interface Received {
  readonly status: number | undefined
  readonly text: string
}

/** What a caller knows then. @throws {Error} When it is neither an answer nor a refusal that may be. */
function readReceived(
  received: Received | undefined,
  isDisturbed: boolean,
): Answer | 'deadlock' | 'refused' | 'unknown' {
  if (!received) return 'unknown'
  const { status, text } = received
  const body: Refusal = JSON.parse(text)
  if (isDisturbed && status === 503 && body.code === 'store_unavailable') {
    return body.outcome_unknown ? 'unknown' : 'refused'
  }
  if (status !== 200 && status !== 409) throw new Error(`status ${status}: ${text}`)
  if (body.code !== 'would_deadlock') return parseAnswer(text)
  const steps = body.cycle ?? []
  const isCycle = steps.every(({ held_by }, index) => held_by === steps[(index + 1) % steps.length]?.owner)
  if (steps.length === 0 || !isCycle) throw new Error(`no cycle: ${text}`)
  return 'deadlock'
}

interface Refusal {
  readonly code?: string
  readonly cycle?: readonly { readonly owner: string; readonly held_by: string }[]
  readonly outcome_unknown?: boolean
}

function toBody(command: LaneCommand, waitMs: number): string {
  const { owner, session } = command
  const lease_s = 'leaseMs' in command ? command.leaseMs / 1000 : undefined
  const fence = 'fence' in command ? command.fence : undefined
  const wait_s = waitMs > 0 ? waitMs / 1000 : undefined
  return JSON.stringify({ owner, session, lease_s, fence, wait_s })
}

/** Resolves with undefined when the connection was cut before there was an answer; rejects when it broke by itself. */
function send(agent: Agent, url: string, body: string, cut: Cut, cutDelayMs: number): Promise<Received | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const outgoing = request(url, { method: 'POST', agent, headers }, (incoming) => {
      if (cut) return outgoing.destroy()
      let text = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (chunk: string) => {
        text += chunk
      })
      incoming.on('end', () => resolve({ status: incoming.statusCode, text }))
      incoming.on('error', reject)
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
