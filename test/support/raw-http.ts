import { once } from 'node:events'
import { type OutgoingHttpHeaders, request as send } from 'node:http'
import { connect as connectSocket, type Socket } from 'node:net'
import { expect, onTestFinished } from 'vitest'

/** A request of which the test says every part, the headers included that `fetch` keeps for itself. */
export interface RawRequest {
  /** GET when left out. */
  readonly method?: string
  /** As it goes over the wire, percent-encoded or not. */
  readonly path: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | Uint8Array
}

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  /** The JSON object in the body; empty when there is none. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** Sends one request over a connection of its own, to whatever name the headers say. */
export async function ask(
  origin: string,
  { method = 'GET', path, headers = {}, body }: RawRequest,
): Promise<RawAnswer> {
  const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
  const outgoing = send({ ...addressOf(origin), method, path, headers: given, agent: false })
  outgoing.end(body)
  const [incoming] = await once(outgoing, 'response')
  incoming.setEncoding('utf8')
  let text = ''
  for await (const chunk of incoming) text += chunk
  return { status: incoming.statusCode, headers: incoming.headers, text, fields: parseFields(text) }
}

/** A POST as every client sends it. A body that is no string goes as JSON. */
export function post(path: string, body: unknown, headers: OutgoingHttpHeaders = {}): RawRequest {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { method: 'POST', path, headers: { 'content-type': 'application/json', ...headers }, body: text }
}

/** Asserts what every refusal has in common. */
export function expectRefusal(
  { status, headers, fields }: RawAnswer,
  expected: { readonly status: number; readonly code: string },
  when?: string,
): void {
  expect({ status, code: fields.code }, when).toEqual(expected)
  expect(headers, when).toMatchObject({
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': fields.request_id,
  })
  expect(fields, when).toMatchObject({
    detail: expect.stringMatching(/\S/),
    request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
}

/** A bare connection, for what no HTTP client would do. */
export interface RawConnection {
  readonly socket: Socket
  write(text: string | Uint8Array): void
  /** Waits until everything that came so far matches. */
  until(pattern: RegExp): Promise<string>
  /** Waits for the other side's end of the connection, and tells everything that came. */
  untilClosed(): Promise<string>
}

export async function connect(origin: string): Promise<RawConnection> {
  const socket = connectSocket(addressOf(origin))
  onTestFinished(() => {
    socket.destroy()
  })
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    text += chunk
  })
  await once(socket, 'connect')
  // A connection that the other side resets has ended, too.
  socket.on('error', () => {})
  const next = (event: 'data' | 'close') => new Promise<unknown>((resolve) => socket.once(event, resolve))
  return {
    socket,
    write: (data) => {
      socket.write(data)
    },
    until: async (pattern) => {
      while (!pattern.test(text)) {
        if (socket.closed) throw new Error(`the connection ended; so far came: ${text}`)
        await Promise.race([next('data'), next('close')])
      }
      return text
    },
    untilClosed: async () => {
      if (!socket.closed) await next('close')
      return text
    },
  }
}

function addressOf(origin: string): { host: string; port: number } {
  const { hostname, port } = new URL(origin)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
}

function parseFields(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {} // Only string keys.
  } catch {
    return {}
  }
}
