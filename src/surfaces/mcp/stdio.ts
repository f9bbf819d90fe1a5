import { type StdioServerHandle, serveStdio as serve } from '@modelcontextprotocol/server/stdio'
import { createMcpServer, type McpOptions } from './server.ts'
import type { Caller } from './tools.ts'

/** Serves MCP on standard input and output, in both eras of the protocol, until the client closes the input. */
export function serveStdio(options: McpOptions, caller: Caller): StdioServerHandle {
  return serve(() => createMcpServer(options, caller), {
    // A line over the transport's limit ends the connection; without this nobody would learn why.
    onerror: (error) => options.log.error('mcp connection', error),
  })
}
