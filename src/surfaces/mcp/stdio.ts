import { type StdioServerHandle, serveStdio as serve } from '@modelcontextprotocol/server/stdio'
import type { Call } from './call.ts'
import { createMcpServer, type McpOptions } from './server.ts'

/** Serves MCP on standard input and output, in both eras of the protocol, until the client closes the input. */
export function serveStdio(options: McpOptions, call: Call, agentId: string): StdioServerHandle {
  return serve(() => createMcpServer(options, call, agentId), {
    // A line over the transport's limit ends the connection; without this nobody would learn why.
    onerror: (error) => options.log.error('mcp connection', error),
  })
}
