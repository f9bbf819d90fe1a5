import { capabilities } from './capabilities/index.ts'
import { listOperations } from './core/capability.ts'
import { chooseTools, findUnknownNames, type ToolChoice } from './surfaces/mcp/selection.ts'
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
