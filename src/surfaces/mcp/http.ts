import type { IncomingMessage, ServerResponse } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import {
  createMcpHandler,
  isLegacyRequest,
  legacyStatelessFallback,
  type McpRequestContext,
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ServerEventBus,
} from '@modelcontextprotocol/server'
import type { Log } from '../../core/context.ts'
import { MAX_DEPTH, nestsDeeper } from '../../core/depth.ts'
import { findJsonExcess } from '../../core/json-excess.ts'
import { AGENT_HEADER, MAX_REQUEST_BYTES, SESSION_HEADER } from '../../core/wire.ts'
import type { Call } from './call.ts'
import type { Feed } from './feed.ts'
import { readChoice } from './selection.ts'
import { createSessions } from './sessions.ts'
import type { CallerOf } from './tools.ts'

type ParsedRequest = IncomingMessage & { method: string; url: string }

/**
 * Serves MCP over Streamable HTTP: 2026-07-28 request by request, and the revisions before it in sessions. What belongs to
 * none that is known here is answered without: a client goes on when its bus was started anew, and on another of several buses
 * behind one address. Checks neither host nor origin: the guard of the HTTP surface stands in front.
 *
 * @param makeServer Makes a server: for one session, or for one request without one.
 * @param feed Ended with the mount.
 */
export function createMcpMount(makeServer: (context: McpRequestContext) => McpServer, feed: Feed, log: Log) {
  const createServer = (context: McpRequestContext) => {
    try {
      return makeServer(context)
    } catch (error) {
      log.error('mcp server failed', error)
      throw error
    }
  }
  const onerror = (error: Error) => tellRefusal(log, error)
  const limit = { maxRequestBodySize: MAX_REQUEST_BYTES }
  const modern = createMcpHandler(createServer, { ...limit, legacy: 'reject', onerror, bus: toEventBus(feed) })
  const stateless = legacyStatelessFallback(createServer, onerror, limit)
  const sessions = createSessions((requestInfo) => createServer({ era: 'legacy', requestInfo }))

  const fetch = async (request: Request): Promise<Response> => {
    const bytes = request.method === 'POST' ? await readBytes(request) : undefined
    const excess = bytes && findJsonExcess(bytes)
    if (excess !== undefined) return refuseBody(excess)
    const body = bytes && parseBody(bytes)
    // The words for what is no JSON are those of the stateless way, which reads the body itself.
    if (request.method === 'POST' && body === undefined) return stateless(request)
    if (nestsDeeper(body)) return refuseBody(`nests more than ${MAX_DEPTH} deep`)
    if (!(await isLegacyRequest(request, body))) return modern.fetch(request, { parsedBody: body })
    return (await sessions.answer(request, body)) ?? stateless(request, { parsedBody: body })
  }
  const handle = toNodeHandler({ fetch }, { ...limit, onerror })
  return {
    handle: (request: IncomingMessage, response: ServerResponse): Promise<void> => handle(toStrict(request), response),
    close: async () => {
      await Promise.all([feed.close(), sessions.close(), modern.close()])
    },
  }
}

/**
 * What the SDK tells of are callers' mistakes, in plain errors whose words may be the caller's own: each is an answer already,
 * and none is a fault. One of another kind is.
 */
function tellRefusal(log: Log, error: Error): void {
  if (error.constructor === Error || error instanceof ProtocolError) log.debug('mcp request refused')
  else log.error('mcp request', error)
}

/** Hands what changes to the open streams of 2026-07-28; each passes on what its client asked for. */
function toEventBus(feed: Feed): ServerEventBus {
  return {
    publish: () => {},
    subscribe: (listener) => feed.watch((uri) => listener({ kind: 'resource_updated', uri })),
  }
}

/**
 * Takes from a request's headers who acts, what proves it, and which tools it wants.
 *
 * @param createCall Makes the call for one request, given its headers, which may carry the write secret.
 */
export function createCallerOf(createCall: (headers: Headers) => Call): CallerOf {
  return (headers = new Headers()) => ({
    call: createCall(headers),
    // What is empty names nobody; Headers have no space at their ends.
    agentId: headers.get(AGENT_HEADER) || undefined,
    session: headers.get(SESSION_HEADER) || undefined,
    choice: readChoice(headers),
  })
}

/** Undefined when it did not come whole. Leaves the request to be read again. */
async function readBytes(request: Request): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await request.clone().arrayBuffer())
  } catch {
    return undefined
  }
}

/** Undefined when it is no JSON. */
function parseBody(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

/** As the SDK answers what is no message. */
function refuseBody(excess: string): Response {
  const error = { code: ProtocolErrorCode.InvalidRequest, message: `the message ${excess}` }
  return Response.json({ jsonrpc: '2.0', error, id: null }, { status: 400 })
}

/** The same request, whose body is no JSON where it is no UTF-8: the SDK would read it as another text. */
function toStrict(request: IncomingMessage): ParsedRequest {
  // What Node's server hands out was parsed, and so has both a method and a URL.
  return Object.create(request, { [Symbol.asyncIterator]: { value: () => readUtf8(request) } }) as ParsedRequest
}

async function* readUtf8(request: IncomingMessage): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const isUtf8 = (chunk?: Buffer) => {
    try {
      decoder.decode(chunk, { stream: chunk !== undefined })
      return true
    } catch {
      return false
    }
  }
  for await (const chunk of request) yield isUtf8(chunk) ? chunk : NO_JSON
  if (!isUtf8()) yield NO_JSON
}

/** NUL, which no JSON has anywhere. */
const NO_JSON = Buffer.alloc(1)
