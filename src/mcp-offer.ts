import { VERSION } from './config.ts'
import type { Log } from './core/context.ts'
import { instructions, operations, prompts } from './product.ts'
import type { Call } from './surfaces/mcp/call.ts'
import { createFeed } from './surfaces/mcp/feed.ts'
import { createPrompts } from './surfaces/mcp/offer-prompts.ts'
import { createResources } from './surfaces/mcp/resources.ts'
import { findUnknownNames, type ToolChoice } from './surfaces/mcp/selection.ts'
import type { McpOptions } from './surfaces/mcp/server.ts'
import { createTools } from './surfaces/mcp/tools.ts'

/**
 * @param look Makes calls that need no proof: reads.
 * @param canKeep Whether the server is a process that can renew what its tools were granted.
 * @param choice Which tools it offers. Names that are of none are told to the log.
 */
export function describeMcp(log: Log, look: Call, canKeep: boolean, choice: ToolChoice): McpOptions {
  const tools = createTools(operations, canKeep)
  for (const problem of findUnknownNames(tools, choice)) log.info('mcp tools', { problem })
  const resources = createResources(operations)
  return {
    tools,
    choice,
    resources,
    prompts: createPrompts(prompts, operations, look),
    look,
    feed: createFeed(operations, resources, look, log),
    instructions,
    version: VERSION,
    log,
  }
}
