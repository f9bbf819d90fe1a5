import { pipeline } from 'node:stream'
import { type JSONRPCMessage, type McpServer, ProtocolErrorCode } from '@modelcontextprotocol/server'
import { StdioServerTransport, serveStdio as serve } from '@modelcontextprotocol/server/stdio'
import * as z from 'zod'
import { createMcpServer, type McpOptions } from './server.ts'
import { createSubscriptions } from './subscriptions.ts'
import type { Caller } from './tools.ts'
import { WholeLines } from './whole-lines.ts'

/** Far beyond the longest message that the bus takes, and little enough to keep until it is whole. */
const MAX_LINE_BYTES = 4 * 1024 * 1024

/** So much may wait for a client that reads nothing: some answers of the largest kind. Then it is taken for gone. */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024

export interface StdioServer {
  /** Resolves when the connection has ended, whoever ended it, and everything that was kept alive was given back. */
  readonly ended: Promise<void>
  /** The connection was ended for a client that read nothing. What waits for it would keep the process for as long as that lives. */
  isUnread(): boolean
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
    onerror: (error) => options.log.error('mcp connection', error),
  })
  const ended = transport.closed.then(async () => {
    await Promise.all([options.feed.close(), caller.keeper?.close()])
  })
  return {
    ended,
    isUnread: () => transport.isUnread,
    close: async () => {
      await handle.close()
      await ended
    },
  }
}

const REFUSALS = {
  'too long': { code: ProtocolErrorCode.InvalidRequest, message: `the message is longer than ${MAX_LINE_BYTES} bytes` },
  'not UTF-8': { code: ProtocolErrorCode.ParseError, message: 'Parse error: not UTF-8' },
} as const

/** What a listen request was granted. */
const acknowledged = z.object({ notifications: z.object({ resourceSubscriptions: z.array(z.string()).optional() }) })

/**
 * Tells when the connection is over: at the end of the input, or when it is closed here. And which resources a client of
 * 2026-07-28 has just subscribed to. Answers what is too long, at which the SDK would end.
 */
class ObservedTransport extends StdioServerTransport {
  readonly closed: Promise<void>
  isUnread = false
  private readonly onSubscribed: (uris: readonly string[]) => void
  private readonly lines: WholeLines
  private tellClosed = () => {}

  constructor(onSubscribed: (uris: readonly string[]) => void) {
    const lines = new WholeLines(MAX_LINE_BYTES, (why, id) => {
      const error = REFUSALS[why]
      process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, error })}\n`)
      this.onerror?.(new Error(error.message))
    })
    super(lines)
    this.lines = lines
    // Every answer that waits for a slow reader listens, and Node would take more than ten for a leak.
    process.stdout.setMaxListeners(0)
    // Its end, or what ends it, is that of the lines; there is nobody else to tell.
    pipeline(process.stdin, lines, () => {})
    this.onSubscribed = onSubscribed
    this.closed = new Promise((resolve) => {
      this.tellClosed = resolve
    })
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    if (this.isUnread) return
    if (process.stdout.writableLength > MAX_UNREAD_BYTES) {
      this.isUnread = true
      this.onerror?.(new Error(`the client reads nothing: more than ${MAX_UNREAD_BYTES} bytes wait for it`))
      return this.close()
    }
    await super.send(message)
    if ('method' in message && message.method === 'notifications/subscriptions/acknowledged') {
      const honoured = acknowledged.safeParse(message.params)
      this.onSubscribed(honoured.data?.notifications.resourceSubscriptions ?? [])
    }
  }

  override async close(): Promise<void> {
    await super.close()
    this.lines.destroy()
    this.tellClosed()
  }
}
