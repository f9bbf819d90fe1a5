import type { IncomingMessage, ServerResponse } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { AGENT_HEADER, MAX_REQUEST_BYTES } from '../../core/wire.ts'
import type { Call } from './call.ts'
import { readChoice } from './selection.ts'
import { createMcpServer, type McpOptions } from './server.ts'

/** Where MCP over HTTP lives. */
export const MCP_PATH = '/mcp'

type ParsedRequest = IncomingMessage & { method: string; url: string }

/**
 * Serves MCP over Streamable HTTP, in both eras of the protocol, without sessions. Checks neither host nor origin: the
 * guard of the HTTP surface stands in front.
 *
 * @param createCall Makes the call for one request, given its headers, which may carry the write secret.
 */
export function createMcpMount(options: McpOptions, createCall: (headers: Headers) => Call) {
  const handler = createMcpHandler(
    ({ requestInfo }) => {
      const headers = requestInfo?.headers ?? new Headers()
      const agentId = headers.get(AGENT_HEADER)?.trim() || undefined
      return createMcpServer(options, { call: createCall(headers), agentId, choice: readChoice(headers) })
    },
    {
      legacy: 'stateless',
      maxRequestBodySize: MAX_REQUEST_BYTES,
      onerror: (error) => options.log.error('mcp request', error),
    },
  )
  const handle = toNodeHandler(handler, { maxRequestBodySize: MAX_REQUEST_BYTES })
  return {
    path: MCP_PATH,
    handle: (request: IncomingMessage, response: ServerResponse): Promise<void> =>
      handle(request as ParsedRequest, response), // What Node's server hands out was parsed, and so has both.
    close: () => handler.close(),
  }
}
