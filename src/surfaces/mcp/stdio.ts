import { StdioServerTransport, serveStdio as serve } from '@modelcontextprotocol/server/stdio'
import { createMcpServer, type McpOptions } from './server.ts'
import type { Caller } from './tools.ts'

export interface StdioServer {
  /** Resolves when the connection has ended, whoever ended it, and everything that was kept alive was given back. */
  readonly ended: Promise<void>
  /** Ends the connection, and resolves as `ended` does. */
  close(): Promise<void>
}

/** Serves MCP on standard input and output, in both eras of the protocol, until the client closes the input. */
export function serveStdio(options: McpOptions, caller: Caller): StdioServer {
  const transport = new ObservedTransport()
  const handle = serve(() => createMcpServer(options, () => caller), {
    transport,
    // A line over the transport's limit ends the connection; without this nobody would learn why.
    onerror: (error) => options.log.error('mcp connection', error),
  })
  const ended = transport.closed.then(() => caller.keeper?.close())
  return {
    ended,
    close: async () => {
      await handle.close()
      await ended
    },
  }
}

/** Tells when the connection is over: at the end of the input, after a line that is too long, or when it is closed here. */
class ObservedTransport extends StdioServerTransport {
  readonly closed: Promise<void>
  private tellClosed = () => {}

  constructor() {
    super()
    this.closed = new Promise((resolve) => {
      this.tellClosed = resolve
    })
  }

  override async close(): Promise<void> {
    await super.close()
    this.tellClosed()
  }
}
