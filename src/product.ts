import { capabilities } from './capabilities/index.ts'
import { VERSION } from './config.ts'
import { listOperations } from './core/capability.ts'
import type { Log } from './core/context.ts'
import { findUnknownNames, type ToolChoice } from './surfaces/mcp/selection.ts'
import type { McpOptions } from './surfaces/mcp/server.ts'
import { createTools } from './surfaces/mcp/tools.ts'

export const boundOperations = listOperations(capabilities)
export const operations = boundOperations.map(({ operation }) => operation)

/** What every session of every agent is told about the tools. */
export const instructions = capabilities.flatMap((capability) => capability.instructions || []).join('\n')

/**
 * @param canKeep Whether the server is a process that can renew what its tools were granted.
 * @param choice Which tools it offers. Names that are of none are told to the log.
 */
export function describeMcp(log: Log, canKeep: boolean, choice: ToolChoice): McpOptions {
  const tools = createTools(operations, canKeep)
  for (const problem of findUnknownNames(tools, choice)) log.info('mcp tools', { problem })
  return { tools, choice, instructions, version: VERSION, log }
}
