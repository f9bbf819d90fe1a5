import { capabilities } from './capabilities/index.ts'
import { VERSION } from './config.ts'
import { listOperations } from './core/capability.ts'
import type { Log } from './core/context.ts'
import type { Call } from './surfaces/mcp/call.ts'
import { createFeed } from './surfaces/mcp/feed.ts'
import { createPrompts } from './surfaces/mcp/offer-prompts.ts'
import { createResources } from './surfaces/mcp/resources.ts'
import { chooseTools, findUnknownNames, type ToolChoice } from './surfaces/mcp/selection.ts'
import type { McpOptions } from './surfaces/mcp/server.ts'
import { createTools } from './surfaces/mcp/tools.ts'

export const boundOperations = listOperations(capabilities)
export const operations = boundOperations.map(({ operation }) => operation)

/** What every session of every agent is told about the tools. */
export const instructions = capabilities.flatMap((capability) => capability.instructions || []).join('\n')

export const prompts = capabilities.flatMap((capability) => capability.prompts ?? [])

/**
 * The names of the tools that an MCP server offers, in their order.
 *
 * @param warn Is told each name in the choice that is of none.
 */
export function listTools(choice: ToolChoice, warn: (problem: string) => void): string[] {
  const tools = createTools(operations, true)
  for (const problem of findUnknownNames(tools, choice)) warn(problem)
  return [...chooseTools(tools, choice)]
}

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
