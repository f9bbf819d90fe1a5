import type { JSONRPCMessage, McpServer } from '@modelcontextprotocol/server'
import { StdioServerTransport, serveStdio as serve } from '@modelcontextprotocol/server/stdio'
import * as z from 'zod'
import { createMcpServer, type McpOptions } from './server.ts'
import { createSubscriptions } from './subscriptions.ts'
import type { Caller } from './tools.ts'

export interface StdioServer {
  /** Resolves when the connection has ended, whoever ended it, and everything that was kept alive was given back. */
  readonly ended: Promise<void>
  /** Ends the connection, and resolves as `ended` does. */
  close(): Promise<void>
}

/** Serves MCP on standard input and output, in both eras of the protocol, until the client closes the input. */
export function serveStdio(options: McpOptions, caller: Caller): StdioServer {
  let server: McpServer | undefined
  // In 2026-07-28 the SDK keeps the subscriptions, and passes on what they ask for; it only does not say that there are any.
  const subscriptions = createSubscriptions(options.feed, options.resources, (uri) => {
    server?.server.sendResourceUpdated({ uri }).catch(() => {})
  })
  const transport = new ObservedTransport((uris) => {
    for (const uri of uris) subscriptions.add(uri)
  })
  const create = () => {
    server = createMcpServer(options, () => caller)
    return server
  }
  const handle = serve(create, {
    transport,
    // A line over the transport's limit ends the connection; without this nobody would learn why.
    onerror: (error) => options.log.error('mcp connection', error),
  })
  const ended = transport.closed.then(async () => {
    await Promise.all([options.feed.close(), caller.keeper?.close()])
  })
  return {
    ended,
    close: async () => {
      await handle.close()
      await ended
    },
  }
}

/** What a listen request was granted. */
const acknowledged = z.object({ notifications: z.object({ resourceSubscriptions: z.array(z.string()).optional() }) })

/**
 * Tells when the connection is over: at the end of the input, after a line that is too long, or when it is closed here. And
 * which resources a client of 2026-07-28 has just subscribed to.
 */
class ObservedTransport extends StdioServerTransport {
  readonly closed: Promise<void>
  private readonly onSubscribed: (uris: readonly string[]) => void
  private tellClosed = () => {}

  constructor(onSubscribed: (uris: readonly string[]) => void) {
    super()
    this.onSubscribed = onSubscribed
    this.closed = new Promise((resolve) => {
      this.tellClosed = resolve
    })
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    await super.send(message)
    if ('method' in message && message.method === 'notifications/subscriptions/acknowledged') {
      const honoured = acknowledged.safeParse(message.params)
      this.onSubscribed(honoured.data?.notifications.resourceSubscriptions ?? [])
    }
  }

  override async close(): Promise<void> {
    await super.close()
    this.tellClosed()
  }
}
