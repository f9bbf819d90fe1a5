import { initialize } from './json-rpc.ts'
import { type Fields, toFields } from './mcp.ts'

type Send = (request: Request) => Promise<Response>

/** A client of 2025 over HTTP of which the test says every request: below the SDK's client, which hides its session. */
export interface HttpSession {
  readonly id: string
  /** Posts a message in this session. Its answer may go on: a stream. */
  post(message: unknown, options?: RequestInit): Promise<Response>
  /** Opens the stream for what no request asked for, or fails to. */
  listen(options?: RequestInit): Promise<Response>
  end(): Promise<Response>
}

/** Opens a session, over the network unless told otherwise. */
export async function openSession(url: string, headers: Fields = {}, send: Send = fetch): Promise<HttpSession> {
  const response = await postMcp(url, initialize(), { headers: { ...toText(headers) } }, send)
  await response.text()
  return nameSession(url, response.headers.get('mcp-session-id') ?? '', send)
}

/** A session of that id, whether there is one or not. */
export function nameSession(url: string, id: string, send: Send = fetch): HttpSession {
  const name = (options: RequestInit): RequestInit => ({
    ...options,
    headers: { ...toText(options.headers), 'mcp-session-id': id },
  })
  return {
    id,
    post: (message, options = {}) => postMcp(url, message, name(options), send),
    listen: (options = {}) => {
      const request = new Request(url, name(options))
      request.headers.set('accept', 'text/event-stream')
      return send(request)
    },
    end: () => send(new Request(url, { ...name({}), method: 'DELETE' })),
  }
}

/** Posts one message as every client of MCP does. */
export function postMcp(url: string, message: unknown, options: RequestInit = {}, send: Send = fetch) {
  const request = new Request(url, { ...options, method: 'POST', body: JSON.stringify(message) })
  request.headers.set('content-type', 'application/json')
  request.headers.set('accept', 'application/json, text/event-stream')
  return send(request)
}

/** The messages of an answer that has ended, or will. */
export async function readMessages(response: Response): Promise<Fields[]> {
  const text = await response.text()
  return [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => toFields(JSON.parse(data ?? '')))
}

/** What a tool answered, as its structured content. */
export async function readToolAnswer(response: Response): Promise<Fields> {
  const [message] = await readMessages(response)
  return toFields(toFields(message?.result).structuredContent)
}

function toText(headers: unknown): Record<string, string> {
  return { ...Object(headers) }
}
