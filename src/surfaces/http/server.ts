import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Cap } from '../../core/cap.ts'
import { type BoundOperation, invoke, invokeForText, parseInput } from '../../core/capability.ts'
import type { BusContext, Log, RequestInfo } from '../../core/context.ts'
import { AppError, commonError } from '../../core/errors.ts'
import { createTextReaders } from '../../core/text-reader.ts'
import { asksToWait, createWaits } from '../../core/waits.ts'
import { IDEMPOTENCY_HEADER, REPLAYED_HEADER, REQUEST_ID_HEADER, SECRET_HEADER } from '../../core/wire.ts'
import { serverDocuments } from './documents.ts'
import { createEventStream, type EventStream, wantsEventStream } from './event-stream.ts'
import type { Guard } from './guard.ts'
import { inTurn } from './in-turn.ts'
import { capStreams, type HttpLimits, limitConnections, TIMEOUT_CHECK_MS } from './limits.ts'
import { createObserving, type RequestObserver } from './observe.ts'
import { createRateLimit } from './rate-limit.ts'
import { collectInput, readJsonBody } from './request.ts'
import { type AnswerName, JSON_TYPE, nameAnswer, sendError, sendJson, sendText } from './respond.ts'
import { createRoutes, matchRoute, refuseMethod } from './routes.ts'
import { answerUnreadable } from './unreadable.ts'

/** Answers at its own path, behind the same admission as the API. Does its own parsing. */
export interface Mount {
  readonly path: string
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
}

export interface HttpOptions {
  readonly operations: readonly BoundOperation[]
  readonly context: BusContext
  readonly guard: Guard
  readonly mounts: readonly Mount[]
  readonly limits: HttpLimits
  readonly observers: readonly RequestObserver[]
  /** See `DocumentSource`. */
  readonly metrics: () => Promise<string>
}

/** A server that is not listening yet, and how many it serves at the moment. */
export interface HttpServer {
  readonly server: Server
  readonly connectionCount: () => number
  readonly streamCount: () => number
}

/** A caller's own name for its request that is harmless in a log. */
export const CALLER_REQUEST_ID: RegExp = /^[\w.-]{1,64}$/

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,128}$/

/** A request without a Host is left for the guard to refuse, in the words of every other refusal. */
const serverOptions = { connectionsCheckingInterval: TIMEOUT_CHECK_MS, requireHostHeader: false }

type Answer = (request: IncomingMessage, response: ServerResponse, url: Url, name: AnswerName) => Promise<void>

interface Url {
  readonly path: string
  readonly query: string
}

/** The HTTP surface: every operation that has a route, and the documents beside them. */
export function createHttpServer(options: HttpOptions): HttpServer {
  const { context, guard, mounts, limits } = options
  const { stopping } = context.waits
  // Every request under way listens to it; Node would take more than ten for a leak.
  setMaxListeners(0, stopping)
  const openStreams = capStreams(limits.maxStreams)
  const rateLimit = createRateLimit(limits.rateLimit)
  const answerApi = createApi(options, openStreams)
  const documents = new Map(serverDocuments.map(({ path, type, create }) => [path, { type, write: create(options) }]))

  const server = `bus-mcp/${context.settings.version}`

  const answer: Answer = async (request, response, url, name) => {
    guard.admit(request)
    const document = documents.get(url.path)
    if (document) {
      name.route = url.path
      if (request.method !== 'GET' && request.method !== 'HEAD') throw refuseMethod(request.method ?? '', ['GET'])
      return sendText(response, 200, await document.write(), document.type ?? JSON_TYPE, name)
    }
    // What an operator's tools ask is never too much.
    rateLimit.charge(request.socket.remoteAddress)
    const mount = mounts.find(({ path }) => path === url.path)
    if (mount) {
      name.route = mount.path
      nameAnswer(response, name)
      return mount.handle(request, response)
    }
    return answerApi(request, response, url, name)
  }

  const observe = createObserving(options.observers)
  const listener = inTurn((request, response) => {
    const name = nameExchange(request, server)
    observe(request, response, name, async () => {
      try {
        connections.check(request.socket)
        await answer(request, response, parseUrl(request.url ?? '/'), name)
      } catch (error) {
        if (response.headersSent || response.destroyed) response.destroy()
        else refuse(request, response, toAppError(error, context.log, name.requestId), name)
      }
    })
  })
  const http = createServer(serverOptions, listener)
  const connections = limitConnections(http, limits.maxConnections)
  http.on('clientError', answerUnreadable)
  // Node would refuse what it does not know to expect with a 417 that says nothing (RFC 9110, section 10.1.1, lets it pass).
  http.on('checkExpectation', (request, response) => http.emit('request', request, response))
  return { server: http, connectionCount: () => connections.count, streamCount: () => openStreams.count }
}

function refuse(request: IncomingMessage, response: ServerResponse, error: AppError, name: AnswerName): void {
  name.refusal = error
  if (error.code === 'too_many_connections') response.setHeader('connection', 'close')
  sendError(response, error, name)
  // What is left of a body is read and dropped: a connection closed on it takes the refusal from some callers.
  request.resume()
}

function createApi({ operations, context, guard }: HttpOptions, openStreams: Cap): Answer {
  const { stopping } = context.waits
  const routes = createRoutes(operations)
  const readers = new Map(operations.map(({ operation }) => [operation.id, createTextReaders(operation.input)]))
  const streams = new Map(operations.map((bound) => [bound.operation.id, createStream(bound, context)]))
  return async (request, response, { path, query }, name) => {
    const { route, params } = matchRoute(routes, request.method ?? 'GET', path)
    const { operation } = route.bound
    name.route = route.template
    if (operation.effect === 'write') guard.authorizeWrite(request.headers[SECRET_HEADER])
    const fields = operation.effect === 'write' ? await readJsonBody(request) : new URLSearchParams(query)
    const input = collectInput(readers.get(operation.id) ?? {}, fields, params)
    name.waited = asksToWait(input)
    const info = new HttpRequestInfo(name.requestId, request, response)
    const stream = streams.get(operation.id)
    if (stream === undefined || !wantsEventStream(request)) {
      const text = await invokeForText(route.bound, input, context, info)
      // One that waited in vain for a bus that ends: there may be another already.
      if (stopping.aborted) response.setHeader('retry-after', '0')
      return sendJson(response, 200, text, name)
    }
    response.on('close', openStreams.enter())
    name.waited = true

    const last = request.headers['last-event-id']
    const { cursor } = stream
    if (last !== undefined) input[cursor] = readers.get(operation.id)?.[cursor]?.(String(last))
    return stream.send(response, input, name)
  }
}

/** Undefined for an operation that only answers. */
function createStream(bound: BoundOperation, context: BusContext): EventStream | undefined {
  const { input, http } = bound.operation
  const { stopping } = context.waits
  const own = { ...context, waits: createWaits(Number.POSITIVE_INFINITY, stopping) }
  if (http?.stream === undefined) return undefined
  return createEventStream({
    spec: http.stream,
    parse: (fields) => parseInput(input, fields),
    // No reader has a signal of its own, which is dear: a look for one does not wait, and where all wait it just leaves. What
    // waits for all of them is none of those that may be too many: streams have a cap of their own.
    ask: (fields, requestId) => invoke(bound, fields, own, { requestId, signal: stopping }),
    stopping,
  })
}

/** Makes the signal when it is looked at: only who waits does, and to make one costs more than to read a request. */
class HttpRequestInfo implements RequestInfo {
  readonly requestId: string
  readonly idempotencyKey: string | undefined
  readonly onReplay: () => void
  readonly #response: ServerResponse
  #signal: AbortSignal | undefined

  constructor(requestId: string, request: IncomingMessage, response: ServerResponse) {
    this.requestId = requestId
    this.idempotencyKey = readIdempotencyKey(request)
    this.onReplay = () => response.setHeader(REPLAYED_HEADER, 'true')
    this.#response = response
  }

  get signal(): AbortSignal {
    this.#signal ??= createCallerSignal(this.#response)
    return this.#signal
  }
}

/** Aborts when the caller has gone. */
function createCallerSignal(response: ServerResponse): AbortSignal {
  const abort = new AbortController()
  const stop = () => abort.abort()
  if (isAbandoned(response)) stop()
  response.on('close', () => {
    if (isAbandoned(response)) stop()
  })
  return abort.signal
}

/** Whoever has the whole answer is not gone. */
function isAbandoned(response: ServerResponse): boolean {
  return response.destroyed && !response.writableFinished
}

/** @throws {AppError} `invalid_request`. */
function readIdempotencyKey({ headers }: IncomingMessage): string | undefined {
  const key = headers[IDEMPOTENCY_HEADER]
  if (key === undefined) return undefined
  if (typeof key === 'string' && IDEMPOTENCY_KEY.test(key)) return key
  throw commonError('invalid_request', 'Idempotency-Key must be 1 to 128 printable ASCII characters, as in a UUID')
}

function nameExchange(request: IncomingMessage, server: string): AnswerName {
  const method = request.method ?? ''
  return { requestId: nameRequest(request), server, method, route: 'none', waited: false, refusal: undefined }
}

/** Takes over a caller's own name for the request where it is harmless, so that both sides' logs agree. */
function nameRequest({ headers }: IncomingMessage): string {
  const given = headers[REQUEST_ID_HEADER]
  return typeof given === 'string' && CALLER_REQUEST_ID.test(given) ? given : randomUUID()
}

function parseUrl(url: string): Url {
  const mark = url.indexOf('?')
  return mark === -1 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) }
}

function toAppError(error: unknown, log: Log, requestId: string): AppError {
  if (error instanceof AppError) return error
  log.error('request failed', error, { request_id: requestId })
  return commonError('internal', `internal error; the bus's log has the cause under request id ${requestId}`)
}
