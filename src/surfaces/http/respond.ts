import type { ServerResponse } from 'node:http'
import type { AppError } from '../../core/errors.ts'
import { REQUEST_ID_HEADER } from '../../core/wire.ts'
import type { Exchange } from './observe.ts'

/** What every answer says of itself, and what is known of its request. */
export interface AnswerName extends Exchange {
  readonly requestId: string
  readonly method: string
  /** Of the request, as far as they are known; see {@link Exchange}. */
  route: string
  waited: boolean
  refusal: AppError | undefined
  /** Tells a client that it may ask for a write again under its key. */
  readonly server: string
}

/** Says it of an answer that somebody else sends. */
export function nameAnswer(response: ServerResponse, { requestId, server }: AnswerName): void {
  response.setHeader(REQUEST_ID_HEADER, requestId)
  response.setHeader('server', server)
}

export function sendJson(response: ServerResponse, status: number, text: string, name: AnswerName): void {
  sendText(response, status, text, JSON_TYPE, name)
}

export const JSON_TYPE = 'application/json'

export function sendText(response: ServerResponse, status: number, text: string, type: string, name: AnswerName): void {
  // As a list: Node then writes them as they are, without a table of names in between.
  response.writeHead(status, [
    'content-type',
    type,
    'content-length',
    String(Buffer.byteLength(text)),
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
    REQUEST_ID_HEADER,
    name.requestId,
    'server',
    name.server,
  ])
  response.end(text)
  if (text.length > LARGE_ANSWER) cutOffUnread(response)
}

/** A smaller answer is on its way as soon as it is made, or costs no more than the connection. */
const LARGE_ANSWER = 64 * 1024

/** How long the rest of an answer may stay unread, in milliseconds. */
const UNREAD_MS = 30_000

/** Nobody else ends the wait of an answer for a caller that does not read it: Node's own limits are those of requests. */
function cutOffUnread(response: ServerResponse): void {
  const timer = setTimeout(() => response.destroy(), UNREAD_MS)
  response.on('close', () => clearTimeout(timer))
}

/** Begins an answer of Server-Sent Events. */
export function beginEventStream(response: ServerResponse, { requestId, server }: AnswerName): void {
  // As a list, for the reason above; here a table would also stay for as long as the stream does.
  response.writeHead(200, [
    'content-type',
    'text/event-stream',
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
    // Proxies of the nginx kind would keep events back until they have many.
    'x-accel-buffering',
    'no',
    REQUEST_ID_HEADER,
    requestId,
    'server',
    server,
  ])
}

/** Answers with an error's body, and with the headers that go with it. */
export function sendError(response: ServerResponse, error: AppError, name: AnswerName): void {
  const { allow, retry_after_ms } = error.details
  if (Array.isArray(allow)) response.setHeader('allow', allow.join(', '))
  if (typeof retry_after_ms === 'number') response.setHeader('retry-after', Math.ceil(retry_after_ms / 1000))
  sendJson(response, error.status, JSON.stringify(error.toBody(name.requestId)), name)
}
