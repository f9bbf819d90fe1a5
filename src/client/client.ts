import type * as z from 'zod'
import { IDEMPOTENCY_HEADER, SECRET_HEADER, STANDARD_BASE_URL, TRACE_HEADER, toSocketPath } from '../core/wire.ts'
import { BusApiError, type BusApiErrorBody, BusUnreachable } from './errors.ts'
import { type OperationId, type OperationTypes, operationTable } from './operations.gen.ts'
import { parseObject } from './parse-object.ts'
import { type Transport, type TransportAnswer, TransportError } from './transport.ts'
import { waitOn } from './wait-on.ts'

export interface BusClientOptions {
  /** As in `http://127.0.0.1:8100/api/bus`, which is the standard; `unix:PATH` or `pipe:NAME` for a bus without a port. */
  readonly baseUrl?: string
  /** For one request, in milliseconds; 10,000 when left out. */
  readonly timeoutMs?: number
  /** Sent with writes as `X-Bus-Secret`, never with reads. */
  readonly writeSecret?: string | undefined
  /** How requests travel; over `node:http` when left out. In a browser: `createFetchTransport()`. */
  readonly transport?: Transport
}

export interface CallOptions {
  readonly signal?: AbortSignal
  /** Names one change, so that asking for it again makes it once. Made for each write when left out. */
  readonly idempotencyKey?: string
  /** How long a claim waits for its lane in all, in seconds, where that is longer than the 55 that one call may. Not with a key. */
  readonly waitSeconds?: number
  /** Is called each time that a bus is asked to wait: no lease that is granted began before the last time. */
  readonly onAsk?: () => void
  /** The step of a trace that the call is a part of, sent as `traceparent` (W3C Trace Context). */
  readonly traceparent?: string | undefined
}

export type Input<Id extends OperationId> = z.input<OperationTypes[Id]['input']>
export type Output<Id extends OperationId> = z.output<OperationTypes[Id]['output']>
type Method<Id extends OperationId> = (input: Input<Id>, options?: CallOptions) => Promise<Output<Id>>
type GroupOf<Id extends string> = Id extends `${infer Group}.${string}` ? Group : never

/**
 * One method per operation, as in `client.lanes.claim({ lane, owner })`. Every method rejects with {@link BusUnreachable}
 * or {@link BusApiError}, and with nothing else.
 *
 * Answers are typed as this version's bus gives them; a bus before it leaves out the fields that it does not know.
 */
export type BusClient = {
  readonly [Group in GroupOf<OperationId>]: {
    readonly [Id in OperationId as Id extends `${Group}.${infer Verb}` ? Verb : never]: Method<Id>
  }
} & {
  /** The same by the operation's id, for code that walks the operations. */
  call(id: string, input: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<Record<string, unknown>>
}

const STANDARD_TIMEOUT_MS = 10_000

/** The longest that one of several calls waits; the bus allows 55 s. */
const WAIT_STEP_SECONDS = 50

/** Opens no connection before the first call, and keeps what it opened for the next ones. */
export function createBusClient(options: BusClientOptions = {}): BusClient {
  const { baseUrl = STANDARD_BASE_URL, timeoutMs = STANDARD_TIMEOUT_MS, writeSecret } = options
  const transport = options.transport ?? createStandardTransport()

  const { ask, askTwice, settle, knowsBus } = createRepeatingExchange(transport)
  const socketPath = toSocketPath(baseUrl)
  // On a socket, whose bus is asked by the name that every bus has.
  const root = findRoot(socketPath === undefined ? baseUrl : STANDARD_BASE_URL)

  const callOver = async (
    send: Transport,
    id: string,
    input: Readonly<Record<string, unknown>>,
    { signal, idempotencyKey, traceparent }: CallOptions,
  ): Promise<Record<string, unknown>> => {
    const { method, path, effect } = findOperation(id)
    if (root === undefined)
      throw new BusUnreachable(baseUrl, 'the base URL is not one of http:// or https:// (or unix: for a socket)')
    const { filled, rest } = fillPath(path, input)
    const isWrite = effect === 'write'
    const headers = isWrite ? toWriteHeaders(idempotencyKey ?? crypto.randomUUID(), writeSecret) : READ_HEADERS
    const url = new URL(isWrite ? `${root}${filled}` : `${root}${filled}${toQuery(rest)}`)
    try {
      const answer = await send({
        method,
        url,
        socketPath,
        headers: traceparent === undefined ? headers : { ...headers, [TRACE_HEADER]: traceparent },
        body: isWrite ? JSON.stringify(rest) : undefined,
        // The time that the bus was asked to wait does not count.
        timeoutMs: timeoutMs + toWaitSeconds(input.wait_s) * 1000,
        signal,
      })
      return readAnswer(answer)
    } catch (error) {
      if (!(error instanceof TransportError)) throw error
      throw new BusUnreachable(baseUrl, error.reason, { outcomeUnknown: isWrite && error.sent, cause: error.cause })
    }
  }

  const call: BusClient['call'] = async (id, input, callOptions = {}) => {
    const isWrite = findOperation(id).effect === 'write'
    // Whoever named the key asks again, and when it suits them.
    if (!isWrite || callOptions.idempotencyKey !== undefined) return callOver(askTwice, id, input, callOptions)
    const { waitSeconds, signal } = callOptions
    const stepSeconds = waitSeconds === undefined ? toWaitSeconds(input.wait_s) : WAIT_STEP_SECONDS
    if ((waitSeconds ?? stepSeconds) <= 0) return callOver(settle, id, input, callOptions)
    return waitOn({ seconds: waitSeconds ?? stepSeconds, stepSeconds, signal, isKnown: knowsBus }, (wait_s) => {
      callOptions.onAsk?.()
      return callOver(ask, id, { ...input, wait_s }, callOptions)
    })
  }

  const groups: Record<string, Record<string, unknown>> = {}
  for (const id of Object.keys(operationTable)) {
    const [group = '', verb = ''] = id.split('.')
    groups[group] = {
      ...groups[group],
      [verb]: (input: Record<string, unknown>, o?: CallOptions) => call(id, input, o),
    }
  }
  return { ...groups, call } as BusClient // The groups are built from the table that the type is mapped from.
}

const READ_HEADERS = { accept: 'application/json' }

function toWriteHeaders(idempotencyKey: string, secret: string | undefined): Record<string, string> {
  const headers = { ...READ_HEADERS, 'content-type': 'application/json', [IDEMPOTENCY_HEADER]: idempotencyKey }
  return secret ? { ...headers, [SECRET_HEADER]: secret } : headers
}

/** Over `node:http`, which is loaded with the first call, so that this module loads in a browser, too. */
function createStandardTransport(): Transport {
  let loading: Promise<Transport> | undefined
  return async (request) => {
    loading ??= import('./node-transport.ts').then(({ createNodeTransport }) => createNodeTransport())
    return (await loading)(request)
  }
}

/**
 * Asks once more when it is not known whether the request was carried out. A write only of a bus that is known to make a
 * change once for a key: the first bus would make it twice.
 */
function createRepeatingExchange(transport: Transport): {
  readonly ask: Transport
  readonly askTwice: Transport
  readonly settle: Transport
  /** Whether a bus of ours has answered. */
  readonly knowsBus: () => boolean
} {
  let knowsKeys = false
  const ask: Transport = async (request) => {
    const answer = await transport(request)
    knowsKeys ||= answer.server.startsWith('bus-mcp/')
    return answer
  }
  const askTwice: Transport = async (request) => {
    try {
      return await ask(request)
    } catch (error) {
      const isUnknown = error instanceof TransportError && error.sent && !request.signal?.aborted
      if (!isUnknown || (request.method !== 'GET' && !knowsKeys)) throw error
      return ask(request)
    }
  }
  // Only where the key was made here: whoever named it can ask again, and when it suits them.
  const settle: Transport = async (request) => {
    let answer = await askTwice(request)
    for (let tries = 0; tries < SETTLE_TRIES && knowsKeys; tries += 1) {
      const waitMs = findSettlingWait(answer)
      if (waitMs === undefined || request.signal?.aborted) break
      await new Promise((resolve) => setTimeout(resolve, waitMs))
      answer = await askTwice(request)
    }
    return answer
  }
  return { ask, askTwice, settle, knowsBus: () => knowsKeys }
}

/** How often a change is asked for again when the bus itself does not know whether it made it: its key settles that. */
const SETTLE_TRIES = 3
const MAX_SETTLING_WAIT_MS = 2_000

/** Undefined when the outcome is known, or when the bus does not say that asking again will settle it. */
function findSettlingWait({ status, text }: TransportAnswer): number | undefined {
  const body = status === 503 ? parseObject(text) : undefined
  if (body?.outcome_unknown !== true || typeof body.retry_after_ms !== 'number') return undefined
  return Math.min(body.retry_after_ms, MAX_SETTLING_WAIT_MS)
}

function toWaitSeconds(given: unknown): number {
  return typeof given === 'number' && given > 0 ? given : 0
}

function findOperation(id: string): (typeof operationTable)[OperationId] {
  if (!Object.hasOwn(operationTable, id)) throw new TypeError(`no operation ${id}`)
  return operationTable[id as OperationId] // Its own key, as just checked.
}

/** The base URL without slashes at its end; undefined when it is no address of a bus. */
function findRoot(baseUrl: string): string | undefined {
  const root = baseUrl.replace(/\/+$/, '')
  return URL.canParse(root) && ['http:', 'https:'].includes(new URL(root).protocol) ? root : undefined
}

/** Fills the path's parameters in; what is left goes into the query or the body. */
function fillPath(path: string, input: Readonly<Record<string, unknown>>) {
  const rest = { ...input }
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = rest[name]
    delete rest[name]
    // A missing one becomes an empty segment, which the bus refuses in words; `undefined` would pass as a lane's name.
    const segment = encodeURIComponent(String(value ?? '').toWellFormed())
    // A URL takes these for directions, and would lead to another route.
    return segment === '.' || segment === '..' ? '' : segment
  })
  return { filled, rest }
}

/** Undefined fields are left out, as JSON leaves them out of a body. */
function toQuery(fields: Readonly<Record<string, unknown>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.append(name, String(value))
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

function readAnswer({ status, contentType, text }: TransportAnswer): Record<string, unknown> {
  const body = parseObject(text)
  if (status >= 200 && status < 300) {
    if (body) return body
    throw new BusApiError(status, { detail: `what answered is no bus: status ${status}, ${contentType || 'no type'}` })
  }
  throw new BusApiError(status, readErrorBody(body, status, contentType))
}

function readErrorBody(
  body: Record<string, unknown> | undefined,
  status: number,
  contentType: string,
): BusApiErrorBody {
  const detail = body?.detail
  if (typeof detail === 'string') return { ...body, detail }
  // The first bus tells problems of fields as a list; anything else may stand in front of a bus.
  if (detail !== undefined) return { ...body, detail: JSON.stringify(detail) }
  return { ...body, detail: `status ${status} without a detail (${contentType || 'no type'})` }
}
