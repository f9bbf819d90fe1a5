/** What both ends of the wire must agree on. The client uses this, too, so nothing here may need Node. */

/** Where the API lives; as in the first bus. */
export const API_BASE_PATH = '/api/bus'

/** Where the bus says whether it can write. */
export const READY_PATH = '/readyz'

/** Where the bus itself speaks MCP. */
export const MCP_PATH = '/mcp'

/** Where every client looks when it is told nothing else; as in the first bus. */
export const STANDARD_BASE_URL = `http://127.0.0.1:8100${API_BASE_PATH}` as const

/**
 * The path that Node listens on and connects to for the text of a place without a port; undefined for any other text, such as
 * a URL. `unix:PATH` is a Unix socket, `pipe:NAME` a named pipe of Windows.
 */
export function toSocketPath(text: string): string | undefined {
  const [, scheme, place] = /^(unix|pipe):(?:\/\/(?=\/))?(.+)$/.exec(text) ?? []
  if (scheme === undefined || place === undefined) return undefined
  return scheme === 'pipe' ? `\\\\.\\pipe\\${place}` : place
}

/** Proves that a caller may write (v1.1 of the first bus). */
export const SECRET_HEADER = 'x-bus-secret'

/** Names the agent behind an MCP connection over HTTP, where no process of ours stands between it and the bus. */
export const AGENT_HEADER = 'x-bus-agent'

/** Tells agents of one name apart there, as `BUS_MCP_SESSION` does for a process. */
export const SESSION_HEADER = 'x-bus-session'

/** Names a request in its answer, in the log and in what it leaves behind. */
export const REQUEST_ID_HEADER = 'x-request-id'

/** Names the step of a trace that a request is a part of (W3C Trace Context), in HTTP and in the `_meta` of MCP. */
export const TRACE_HEADER = 'traceparent'

/** A caller's name for one change, the same in every retry of it (IETF draft-ietf-httpapi-idempotency-key-header). */
export const IDEMPOTENCY_HEADER = 'idempotency-key'

/** Says that an answer is that of an earlier request with the same key. */
export const REPLAYED_HEADER = 'idempotency-replayed'

/** The largest request body, in bytes. */
export const MAX_REQUEST_BYTES = 1024 * 1024

/** Which of the tools at `/mcp` a caller wants, as the settings of the same names. */
export const READ_ONLY_HEADER = 'x-bus-read-only'
export const TOOLSETS_HEADER = 'x-bus-toolsets'
export const TOOLS_HEADER = 'x-bus-tools'
export const EXCLUDE_TOOLS_HEADER = 'x-bus-exclude-tools'
