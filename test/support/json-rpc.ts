import type { Fields } from './mcp.ts'

/** A message as a client sends it. */
export function request(id: unknown, method: string, params: object = {}): Fields {
  return { jsonrpc: '2.0', id, method, params }
}

/** The first message of a client of 2025 or before. */
export function initialize(protocolVersion = '2025-11-25', id: unknown = 'first'): Fields {
  const clientInfo = { name: 'test', version: '1' }
  return request(id, 'initialize', { protocolVersion, capabilities: {}, clientInfo })
}

/** What every request of 2026-07-28 says of itself. */
export const envelope: Fields = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** A request of 2026-07-28, which needs no handshake. */
export function modernRequest(id: unknown, method: string, params: object = {}, meta: Fields = envelope): Fields {
  return request(id, method, { ...params, _meta: meta })
}

/** The request of a call. */
export function toolCall(id: number, name: string, args: unknown = {}): Fields {
  return request(id, 'tools/call', { name, arguments: args })
}

/** The notification that takes a request back. */
export function cancelled(requestId: unknown): Fields {
  return { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } }
}
