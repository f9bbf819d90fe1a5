import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type BoundOperation, invoke, invokeForText, parseInput } from '../../core/capability.ts'
import type { BusContext, Log, RequestInfo } from '../../core/context.ts'
import { AppError, commonError } from '../../core/errors.ts'
import { createTextReaders } from '../../core/text-reader.ts'
import { IDEMPOTENCY_HEADER, REPLAYED_HEADER, REQUEST_ID_HEADER, SECRET_HEADER } from '../../core/wire.ts'
import { serverDocuments } from './documents.ts'
import { createEventStream, type EventStream, wantsEventStream } from './event-stream.ts'
import type { Guard } from './guard.ts'
import { inTurn } from './in-turn.ts'
import { collectInput, readJsonBody } from './request.ts'
import { type AnswerName, nameAnswer, sendError, sendJson } from './respond.ts'
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
  /** Aborts when the server is to end: streams end then, and whoever waits for something to read gets what there is. */
  readonly stopping: AbortSignal
}

/** A caller's own name for its request that is harmless in a log. */
export const CALLER_REQUEST_ID: RegExp = /^[\w.-]{1,64}$/

/** Enough for every agent and reader that one machine runs; beyond it connections are closed at once. */
const MAX_CONNECTIONS = 4096

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,128}$/

/** Limits for slow callers, in milliseconds. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
const KEEP_ALIVE_TIMEOUT_MS = 5_000
/** How often Node looks for those that are past them; it would be every 30 s. */
const TIMEOUT_CHECK_MS = 1_000

/** A request without a Host is left for the guard to refuse, in the words of every other refusal. */
const serverOptions = { connectionsCheckingInterval: TIMEOUT_CHECK_MS, requireHostHeader: false }

type Answer = (request: IncomingMessage, response: ServerResponse, url: Url, name: AnswerName) => Promise<void>

interface Url {
  readonly path: string
  readonly query: string
}

/** The HTTP surface: every operation that has a route, and the documents beside them. Not listening yet. */
export function createHttpServer(options: HttpOptions): Server {
  const { context, guard, mounts, stopping } = options
  // Every request under way listens to it; Node would take more than ten for a leak.
  setMaxListeners(0, stopping)
  const answerApi = createApi(options)
  const documents = new Map(serverDocuments.map(({ path, create }) => [path, create(options)]))

  const server = `bus-mcp/${context.settings.version}`

  const answer: Answer = async (request, response, url, name) => {
    guard.admit(request)
    const mount = mounts.find(({ path }) => path === url.path)
    if (mount) {
      nameAnswer(response, name)
      return mount.handle(request, response)
    }
    const document = documents.get(url.path)
    if (document) {
      if (request.method !== 'GET' && request.method !== 'HEAD') throw refuseMethod(request.method ?? '', ['GET'])
      return sendJson(response, 200, JSON.stringify(await document()), name)
    }
    return answerApi(request, response, url, name)
  }

  const listener = inTurn((request, response) => {
    const name = { requestId: nameRequest(request), server }
    answer(request, response, parseUrl(request.url ?? '/'), name).catch((error: unknown) => {
      if (response.headersSent || response.destroyed) return response.destroy()
      sendError(response, toAppError(error, context.log, name.requestId), name)
      // What is left of a body is read and dropped: a connection closed on it takes the refusal from some callers.
      request.resume()
    })
  })
  const http = createServer(serverOptions, listener)
  http.on('clientError', answerUnreadable)
  http.maxConnections = MAX_CONNECTIONS
  http.headersTimeout = HEADERS_TIMEOUT_MS
  http.requestTimeout = REQUEST_TIMEOUT_MS
  http.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS
  return http
}

function createApi({ operations, context, guard, stopping }: HttpOptions): Answer {
  const routes = createRoutes(operations)
  const readers = new Map(operations.map(({ operation }) => [operation.id, createTextReaders(operation.input)]))
  const streams = new Map(operations.map((bound) => [bound.operation.id, createStream(bound, context, stopping)]))
  return async (request, response, { path, query }, name) => {
    const { route, params } = matchRoute(routes, request.method ?? 'GET', path)
    const { operation } = route.bound
    if (operation.effect === 'write') guard.authorizeWrite(request.headers[SECRET_HEADER])
    const fields = operation.effect === 'write' ? await readJsonBody(request) : new URLSearchParams(query)
    const input = collectInput(readers.get(operation.id) ?? {}, fields, params)
    const info = new HttpRequestInfo(
      name.requestId,
      request,
      response,
      operation.effect === 'read' ? stopping : undefined,
    )
    const stream = streams.get(operation.id)
    if (stream === undefined || !wantsEventStream(request)) {
      return sendJson(response, 200, await invokeForText(route.bound, input, context, info), name)
    }

    const last = request.headers['last-event-id']
    const { cursor } = stream
    if (last !== undefined) input[cursor] = readers.get(operation.id)?.[cursor]?.(String(last))
    return stream.send(response, input, name)
  }
}

/** Undefined for an operation that only answers. */
function createStream(bound: BoundOperation, context: BusContext, stopping: AbortSignal): EventStream | undefined {
  const { input, http } = bound.operation
  if (http?.stream === undefined) return undefined
  return createEventStream({
    spec: http.stream,
    parse: (fields) => parseInput(input, fields),
    // No reader has a signal of its own, which is dear: a look for one does not wait, and where all wait it just leaves.
    ask: (fields, requestId) => invoke(bound, fields, context, { requestId, signal: stopping }),
    stopping,
  })
}

/** Makes the signal when it is looked at: only who waits does, and to make one costs more than to read a request. */
class HttpRequestInfo implements RequestInfo {
  readonly requestId: string
  readonly idempotencyKey: string | undefined
  readonly onReplay: () => void
  readonly #response: ServerResponse
  readonly #sooner: AbortSignal | undefined
  #signal: AbortSignal | undefined

  constructor(requestId: string, request: IncomingMessage, response: ServerResponse, sooner: AbortSignal | undefined) {
    this.requestId = requestId
    this.idempotencyKey = readIdempotencyKey(request)
    this.onReplay = () => response.setHeader(REPLAYED_HEADER, 'true')
    this.#response = response
    this.#sooner = sooner
  }

  get signal(): AbortSignal {
    this.#signal ??= createCallerSignal(this.#response, this.#sooner)
    return this.#signal
  }
}

/** Aborts when the caller has gone, or sooner. */
function createCallerSignal(response: ServerResponse, sooner: AbortSignal | undefined): AbortSignal {
  const abort = new AbortController()
  const stop = () => abort.abort()
  if (sooner?.aborted || isAbandoned(response)) stop()
  sooner?.addEventListener('abort', stop)
  response.on('close', () => {
    sooner?.removeEventListener('abort', stop)
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
