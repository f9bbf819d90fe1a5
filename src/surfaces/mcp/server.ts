import {
  type CallToolResult,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
  type ServerOptions,
} from '@modelcontextprotocol/server'
import type { Log } from '../../core/context.ts'
import { parseTraceParent } from '../../core/trace-parent.ts'
import { TRACE_HEADER } from '../../core/wire.ts'
import type { Call, CallResult } from './call.ts'
import type { Feed } from './feed.ts'
import { offerPrompts, type Prompt } from './offer-prompts.ts'
import { offerResources, offerSubscriptions } from './offer-resources.ts'
import type { Resource } from './resources.ts'
import { chooseTools, findUnknownNames, standardChoice, type ToolChoice } from './selection.ts'
import type { Caller, CallerOf, Tool } from './tools.ts'

export interface McpOptions {
  readonly tools: readonly Tool[]
  /** Which of them are offered. */
  readonly choice: ToolChoice
  readonly resources: readonly Resource[]
  readonly prompts: readonly Prompt[]
  /** Reads for whoever lists and completes names: that needs no proof. */
  readonly look: Call
  readonly feed: Feed
  readonly instructions: string
  readonly version: string
  readonly log: Log
}

/**
 * Makes one server: for one connection over stdio, for one session or one request over HTTP.
 *
 * @param opening The headers of the request that opens the session, or is answered without one; undefined over stdio.
 * @param more What else it offers. Whoever asks for that registers it on the server that is returned.
 */
export function createMcpServer(
  options: McpOptions,
  callerOf: CallerOf,
  opening?: Headers,
  more: ServerOptions = {},
): McpServer {
  const { tools, choice, instructions, version, log } = options
  const wanted = callerOf(opening).choice
  const offered = chooseTools(tools, choice, wanted)
  const server = new McpServer(
    { name: 'bus-mcp', title: 'Coordination bus', version },
    {
      instructions: `${instructions}${describeChoice(tools, offered, wanted)}`,
      ...more,
      capabilities: { ...CAPABILITIES, ...more.capabilities },
    },
  )
  for (const tool of tools) {
    const { name, title, description } = tool.spec
    const { inputSchema, annotations } = tool
    const registered = server.registerTool(
      name,
      { title, description, inputSchema, annotations },
      async (args, { mcpReq, http }) => {
        const caller = callerOf(http?.req?.headers)
        // A session is as its first request chose. A later one may come from somebody else, who may only read.
        if (caller.choice?.readOnly && tool.operation.effect === 'write') {
          throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Tool ${name} disabled`)
        }
        const stopProgress = reportProgress(mcpReq)
        try {
          const result = await tool.run(args, caller, mcpReq.signal, findTraceParent(mcpReq._meta))
          return toToolResult(result, name, caller, takeLost(caller, mcpReq.signal))
        } catch (error) {
          log.error('tool failed', error, { tool: name })
          return toToolResult(internalError, name, caller, {})
        } finally {
          stopProgress()
        }
      },
    )
    // Known and not offered: it is not listed, and whoever calls it all the same is told so.
    if (!offered.has(name)) registered.disable()
  }
  offerResources(server, options, callerOf)
  offerSubscriptions(server, options)
  offerPrompts(server, options, callerOf)
  return server
}

/** For an agent that has other tools than those that the instructions speak of; and why it has none, if that is so. */
function describeChoice(tools: readonly Tool[], offered: ReadonlySet<string>, wanted: ToolChoice | undefined): string {
  const isStandard = [...chooseTools(tools, standardChoice)].join() === [...offered].join()
  const problems = wanted === undefined ? [] : findUnknownNames(tools, wanted)
  const names = offered.size === 0 ? 'no tool at all' : `only ${[...offered].join(', ')}`
  return [...(isStandard ? [] : [`\nHere you have ${names}.`]), ...problems.map((problem) => ` (${problem})`)].join('')
}

/** What is offered stays the same while a client is connected; only what is in the resources changes. */
const CAPABILITIES: ServerOptions['capabilities'] = {
  tools: { listChanged: false },
  prompts: { listChanged: false },
  resources: { listChanged: false, subscribe: true },
}

/** As the client named it in the request (SEP-414 of MCP). What is none is left out. */
function findTraceParent(meta: ServerContext['mcpReq']['_meta']): string | undefined {
  const value = meta?.[TRACE_HEADER]
  return typeof value === 'string' && parseTraceParent(value) ? value : undefined
}

/** Clients give a call up after 60 s without a sign of life, and some of them show it. */
const PROGRESS_EVERY_MS = 10_000

/** Says from time to time that a call goes on, to a client that asked to be told. */
function reportProgress({ _meta, notify }: ServerContext['mcpReq']): () => void {
  const progressToken = _meta?.progressToken
  if (progressToken === undefined) return () => {}
  let seconds = 0
  const timer = setInterval(() => {
    seconds += PROGRESS_EVERY_MS / 1000
    const params = { progressToken, progress: seconds, message: `waiting for ${seconds} s` }
    // Whoever is gone by now needs no progress.
    notify({ method: 'notifications/progress', params }).catch(() => {})
  }, PROGRESS_EVERY_MS)
  return () => clearInterval(timer)
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

/** What was lost between the calls, for whoever made the next one; not for one that has gone. */
function takeLost({ keeper }: Caller, { aborted }: AbortSignal): { lost?: readonly object[] } {
  const lost = aborted ? [] : (keeper?.takeLost() ?? [])
  return lost.length > 0 ? { lost } : {}
}

/** The same data twice: some clients show their model only the structured content, others only the text. */
function toToolResult(result: CallResult, tool: string, { agentId }: Caller, news: object): CallToolResult {
  const own = { ...news, ...(agentId === undefined ? {} : { agent_id: agentId }) }
  const structuredContent = result.ok
    ? { ...result.value, ok: true, ...own }
    : { ok: false, error: { ...result.error, tool }, ...own }
  return {
    content: [{ type: 'text', text: JSON.stringify(structuredContent) }],
    structuredContent,
    ...(result.ok ? {} : { isError: true }),
  }
}
