import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  type JSONRPCMessage,
  type McpServer,
  type RequestId,
  type WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'

/** A client's connection in the revisions of 2025. It lives as long as requests name it. */
export interface Session {
  readonly server: McpServer
  readonly transport: WebStandardStreamableHTTPServerTransport
  /**
   * The ends of its requests and streams that go on, each with its request, for a request that was collected no longer
   * passes its signal on.
   */
  readonly underWay: Map<Promise<boolean>, Request>
  /** The calls under way that came alone, and not in a batch. */
  readonly alone: Set<RequestId>
}

/** Node sends no headers before something follows them, and a client that listens would wait for the first keep-alive. */
const OPENING = ': listening\n\n'

/**
 * Has a session answer one request.
 *
 * @param body The parsed body; undefined when the request has none.
 * @param onSign Called when the request begins and when it ends: at the end of its stream, or when its caller has gone.
 */
export async function serveInSession(
  session: Session,
  request: Request,
  body: unknown,
  onSign: () => void,
): Promise<Response> {
  const { transport, underWay, alone } = session
  const ids = listMessages(body).flatMap((message) => (isJSONRPCRequest(message) ? message.id : []))
  const [id] = ids
  if (id !== undefined && ids.length === 1) alone.add(id)
  const response = await transport.handleRequest(request, { parsedBody: body })
  closeCancelled(session, body)
  const { followed, end } = follow(response, request)
  underWay.set(end, request)
  onSign()
  void end.then((isWhole) => {
    for (const id of ids) {
      alone.delete(id)
      // Its answer is kept for nobody, so nothing may be granted to it any more.
      if (!isWhole) transport.onmessage?.(toCancelled(id))
    }
    underWay.delete(end)
    onSign()
  })
  return followed
}

/** The SDK does not answer what was cancelled, as the protocol asks, but it waits for that answer to end the stream. */
function closeCancelled({ transport, alone }: Session, body: unknown): void {
  for (const message of listMessages(body)) {
    if (!isJSONRPCNotification(message) || message.method !== 'notifications/cancelled') continue
    const id = message.params?.requestId
    if ((typeof id === 'string' || typeof id === 'number') && alone.has(id)) transport.closeSSEStream(id)
  }
}

function toCancelled(requestId: RequestId): JSONRPCMessage {
  return {
    jsonrpc: '2.0',
    method: 'notifications/cancelled',
    params: { requestId, reason: 'the connection of the call was closed' },
  }
}

function listMessages(body: unknown): readonly unknown[] {
  return Array.isArray(body) ? body : [body]
}

/** Passes a response on, and tells its end: whether it went out whole. Lets go of it when its reader has gone. */
function follow(response: Response, { method, signal }: Request): { followed: Response; end: Promise<boolean> } {
  if (response.body === null) return { followed: response, end: Promise.resolve(true) }
  const isListening = method === 'GET' && response.ok
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => {
      if (isListening) controller.enqueue(new TextEncoder().encode(OPENING))
    },
  })
  const end = response.body.pipeTo(writable, { signal }).then(
    () => true,
    () => false,
  )
  return { followed: new Response(readable, response), end }
}
