import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/**
 * The first bus in small: six routes, the errors of its framework (`detail` and nothing else, a list for 422), lanes and
 * messages with few fields. What it does not know it ignores. Our client and tools must stay at home with it.
 */
export interface OldBusOptions {
  /** Arms the four write routes, as its v1.1 did. */
  readonly writeSecret?: string
  /** 0 takes a free one. */
  readonly port?: number
  /** Epoch milliseconds. */
  readonly now?: () => number
}

export interface OldBusRequest {
  readonly method: string
  /** Raw, with the query. */
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface OldBus {
  /** As in `http://127.0.0.1:49152/api/bus`. */
  readonly apiUrl: string
  readonly port: number
  /** Everything that was asked, in order. */
  readonly requests: readonly OldBusRequest[]
  close(): Promise<void>
}

/** Starts an old bus on 127.0.0.1; stops it after the test. */
export async function startOldBus(options: OldBusOptions = {}): Promise<OldBus> {
  const requests: OldBusRequest[] = []
  const answer = createOldApi(options)
  const server = createServer((request, response) => {
    readText(request).then(
      (body) => {
        const { method = '', url = '', headers } = request
        requests.push({ method, url, headers, body })
        send(response, answer({ method, url, headers, body }))
      },
      () => response.destroy(),
    )
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // A TCP server's address is never a pipe's name.
  let closed: Promise<unknown> | undefined
  const close = async () => {
    if (!closed) {
      closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
    }
    await closed
  }
  onTestFinished(close)
  return { apiUrl: `http://127.0.0.1:${port}/api/bus`, port, requests, close }
}

interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

interface OldLane {
  lane: string
  owner: string | null
  claimed_at: string | null
  lease_expires_at: string | null
}

interface OldMessage {
  readonly id: number
  readonly topic: string
  readonly sender: string
  readonly body: string
  readonly action_flag: boolean
  readonly ts: string
}

type Fields = Readonly<Record<string, unknown>>

/** As in its framework: thrown anywhere, answered with `detail`. */
class Refusal extends Error {
  readonly answer: Answer
  constructor(status: number, detail: unknown, headers: Readonly<Record<string, string>> = {}) {
    super(String(detail))
    this.answer = { status, body: { detail }, headers }
  }
}

const MAX_TEXT_BYTES = 65_536

function createOldApi({ writeSecret, now = Date.now }: OldBusOptions): (request: OldBusRequest) => Answer {
  const blackboard = createBlackboard(now)
  const lanes = createLanes(now)
  const status = () => ({
    ...lanes.status(),
    ...blackboard.status(),
    _meta: { active_lane_count: lanes.status().active_lanes.length, arms_nothing: true },
  })

  const route = ({ method, url, headers, body }: OldBusRequest): unknown => {
    const [path = '', query = ''] = url.split('?', 2)
    const write = (run: (fields: Fields) => unknown) => {
      if (method !== 'POST') throw new Refusal(405, 'Method Not Allowed', { allow: 'POST' })
      if (writeSecret && headers['x-bus-secret'] !== writeSecret) {
        throw new Refusal(401, 'missing or invalid X-Bus-Secret')
      }
      return run(parseFields(body))
    }
    const read = (run: () => unknown) => {
      if (method !== 'GET') throw new Refusal(405, 'Method Not Allowed', { allow: 'GET' })
      return run()
    }
    if (path === '/api/bus/message') return write(blackboard.post)
    if (path === '/api/bus/messages') return read(() => blackboard.read(new URLSearchParams(query)))
    if (path === '/api/bus/status') return read(status)
    const [, lane, verb] = /^\/api\/bus\/lanes\/([^/]+)\/(claim|release|heartbeat)$/.exec(path) ?? []
    if (lane === undefined) throw new Refusal(404, 'Not Found')
    return write((fields) => lanes[verb as 'claim' | 'release' | 'heartbeat'](readLane(lane), fields)) // As matched.
  }

  return (request) => {
    try {
      return { status: 200, body: route(request) }
    } catch (error) {
      if (error instanceof Refusal) return error.answer
      throw error
    }
  }
}

function createBlackboard(now: () => number) {
  const messages: OldMessage[] = []
  return {
    post: (fields: Fields) => {
      const message = {
        id: messages.length + 1,
        topic: readString(fields, 'topic'),
        sender: readString(fields, 'sender'),
        body: readString(fields, 'body'),
        action_flag: fields.action_flag === true,
        ts: toPythonMoment(now()),
      }
      if (Buffer.byteLength(message.body) > MAX_TEXT_BYTES) {
        throw new Refusal(413, `body exceeds ${MAX_TEXT_BYTES} bytes`)
      }
      messages.unshift(message)
      return message
    },
    read: (query: URLSearchParams) => {
      const limit = readLimit(query.get('limit'))
      const topic = query.get('topic')
      return { messages: messages.filter((message) => topic === null || message.topic === topic).slice(0, limit) }
    },
    status: () => ({
      recent_messages: messages.slice(0, 20),
      pending_action_flags: messages.filter(({ action_flag }) => action_flag),
    }),
  }
}

function createLanes(now: () => number) {
  const lanes = new Map<string, OldLane>()
  const remainingMs = ({ lease_expires_at }: OldLane) => Date.parse(lease_expires_at ?? '') - now()
  const isLive = (lane: OldLane) => lane.owner !== null && remainingMs(lane) > 0
  const hold = (lane: string, owner: string, claimedAt: string | null, leaseSeconds: number): OldLane => {
    const expiresAt = toPythonMoment(now() + leaseSeconds * 1000)
    const held = { lane, owner, claimed_at: claimedAt ?? toPythonMoment(now()), lease_expires_at: expiresAt }
    lanes.set(lane, held)
    return held
  }
  return {
    claim: (name: string, fields: Fields) => {
      const owner = readString(fields, 'owner')
      const lease_s = readLease(fields)
      const lane = lanes.get(name)
      if (lane && isLive(lane) && lane.owner !== owner) {
        const seconds = Math.trunc(remainingMs(lane) / 1000)
        throw new Refusal(409, `lane '${name}' held by '${lane.owner}' (lease ${seconds}s remaining)`)
      }
      const isRenewal = lane?.owner === owner
      const decision = isRenewal ? 'renew' : lane?.owner ? 'steal' : 'claim'
      return { ok: true, decision, lane: hold(name, owner, isRenewal ? lane.claimed_at : null, lease_s), lease_s }
    },
    heartbeat: (name: string, fields: Fields) => {
      const owner = readString(fields, 'owner')
      const lease_s = readLease(fields)
      const lane = lanes.get(name)
      if (!lane || !isLive(lane) || lane.owner !== owner) {
        throw new Refusal(409, `lane '${name}' not held live by '${owner}' -- claim it instead`)
      }
      return { ok: true, decision: 'heartbeat', lane: hold(name, owner, lane.claimed_at, lease_s), lease_s }
    },
    release: (name: string, fields: Fields) => {
      const owner = readString(fields, 'owner')
      const lane = lanes.get(name)
      if (lane && isLive(lane) && lane.owner !== owner) {
        throw new Refusal(409, `lane '${name}' held live by another owner`)
      }
      const free = { lane: name, owner: null, claimed_at: null, lease_expires_at: null }
      lanes.set(name, free)
      return { ok: true, decision: 'released', lane: free }
    },
    status: () => {
      const held = [...lanes.values()].filter(({ owner }) => owner !== null)
      return { active_lanes: held.filter(isLive), orphaned_claims: held.filter((lane) => !isLive(lane)) }
    },
  }
}

function readLane(segment: string): string {
  const lane = decodeURIComponent(segment)
  if (/^[A-Za-z0-9_-]+$/.test(lane)) return lane
  throw invalid('string_pattern_mismatch', ['path', 'lane'], "String should match pattern '^[A-Za-z0-9_-]+$'")
}

function parseFields(body: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    throw invalid('json_invalid', ['body', 0], 'JSON decode error')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(
      'model_attributes_type',
      ['body'],
      'Input should be a valid dictionary or object to extract fields from',
    )
  }
  return value as Fields // An object from JSON has only string keys.
}

function readString(fields: Fields, name: string): string {
  const value = fields[name]
  if (value === undefined) throw invalid('missing', ['body', name], 'Field required')
  if (typeof value !== 'string') throw invalid('string_type', ['body', name], 'Input should be a valid string')
  if (value === '') throw invalid('string_too_short', ['body', name], 'String should have at least 1 character')
  return value
}

function readLease({ lease_s = 300 }: Fields): number {
  if (typeof lease_s === 'number' && lease_s > 0) return lease_s
  throw invalid('greater_than', ['body', 'lease_s'], 'Input should be greater than 0')
}

function readLimit(text: string | null): number {
  const limit = Number(text ?? 50)
  if (Number.isInteger(limit) && limit >= 1 && limit <= 500) return limit
  throw invalid('less_than_equal', ['query', 'limit'], 'Input should be less than or equal to 500')
}

function invalid(type: string, loc: readonly (string | number)[], msg: string): Refusal {
  return new Refusal(422, [{ type, loc, msg }])
}

/** As Python's `isoformat` writes it: microseconds and an offset. */
function toPythonMoment(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000+00:00')
}

async function readText(request: IncomingMessage): Promise<string> {
  request.setEncoding('utf8')
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}

function send(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  response.writeHead(status, { server: 'uvicorn', 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}
