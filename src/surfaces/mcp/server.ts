import { type CallToolResult, McpServer } from '@modelcontextprotocol/server'
import type { Log } from '../../core/context.ts'
import type { Call, CallResult } from './call.ts'
import type { Tool } from './tools.ts'

export interface McpOptions {
  readonly tools: readonly Tool[]
  readonly instructions: string
  readonly version: string
  readonly log: Log
}

/** Makes one server: for one connection over stdio, for one request over HTTP. */
export function createMcpServer(options: McpOptions, call: Call, agentId: string | undefined): McpServer {
  const { tools, instructions, version, log } = options
  const server = new McpServer({ name: 'bus-mcp', title: 'Coordination bus', version }, { instructions })
  for (const tool of tools) {
    const { name, title, description } = tool.spec
    const { inputSchema, outputSchema, annotations } = tool
    server.registerTool(
      name,
      { title, description, inputSchema, outputSchema, annotations },
      async (args, { mcpReq }) => {
        try {
          return toToolResult(await tool.run(args, { call, agentId, signal: mcpReq.signal }), name, agentId)
        } catch (error) {
          log.error('tool failed', error, { tool: name })
          return toToolResult(internalError, name, agentId)
        }
      },
    )
  }
  return server
}

/** Never the error itself: its text is for the log, not for a model. */
const internalError: CallResult = {
  ok: false,
  error: {
    type: 'bus_api_error',
    message: 'internal error of bus-mcp; its log has the cause',
    status_code: 500,
    code: 'internal',
    detail: 'internal error of bus-mcp; its log has the cause',
  },
}

/** The same data twice: some clients show their model only the structured content, others only the text. */
function toToolResult(result: CallResult, tool: string, agentId: string | undefined): CallToolResult {
  const identity = agentId === undefined ? {} : { agent_id: agentId }
  const structuredContent = result.ok
    ? { ...result.value, ok: true, ...identity }
    : { ok: false, error: { ...result.error, tool }, ...identity }
  return {
    content: [{ type: 'text', text: JSON.stringify(structuredContent) }],
    structuredContent,
    ...(result.ok ? {} : { isError: true }),
  }
}
