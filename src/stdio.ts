import { randomUUID } from 'node:crypto'
import { BusApiError, type BusClient, BusUnreachable, keepLane, releaseLane, toHeldLane } from './client/index.ts'
import type { McpConfig } from './config.ts'
import { createClient } from './connection.ts'
import type { Log } from './core/context.ts'
import { describeMcp } from './mcp-offer.ts'
import { type Call, toApiError } from './surfaces/mcp/call.ts'
import { createKeeper, type Renew } from './surfaces/mcp/keeper.ts'
import { type StdioServer, serveStdio } from './surfaces/mcp/stdio.ts'

/** How long an MCP server that ends may take to release its lanes. */
const LAST_RELEASE_MS = 3_000

/** Serves the tools on standard input and output; every call goes to the bus over HTTP. */
export function startStdio(config: McpConfig, agentId: string, log: Log): StdioServer {
  const client = createClient(config)
  const call = createRemoteCall(client)
  return serveStdio(describeMcp(log, call, true, config), {
    call,
    agentId,
    session: config.session ?? randomUUID(),
    keeper: createKeeper(createRenew(client), config.maxHoldSeconds * 1000, log),
  })
}

/** Only lanes are granted. */
function createRenew(client: BusClient): Renew {
  return ({ input, answer, askedAt }, onLost) => {
    const held = toHeldLane(input, answer, askedAt)
    return {
      stop: keepLane(client, held, onLost),
      giveBack: () => releaseLane(client, held, AbortSignal.timeout(LAST_RELEASE_MS)),
    }
  }
}

function createRemoteCall(client: BusClient): Call {
  return async (operation, input, signal, traceparent) => {
    try {
      return { ok: true, value: await client.call(operation.id, input, { signal, traceparent }) }
    } catch (error) {
      if (error instanceof BusApiError) return toApiError(operation, error.statusCode, error.body)
      if (error instanceof BusUnreachable) return { ok: false, error: describeUnreachable(error) }
      throw error
    }
  }
}

function describeUnreachable({ message, baseUrl, outcomeUnknown }: BusUnreachable) {
  const advice = outcomeUnknown
    ? 'The call may have been carried out.'
    : 'Start the bus with "bus-mcp serve", or set BUS_MCP_BASE_URL to where it runs.'
  return {
    type: 'bus_unreachable' as const,
    message: `${message}. ${advice}`,
    base_url: baseUrl,
    ...(outcomeUnknown ? { outcome_unknown: true } : {}),
  }
}
