import { describeConnectionFlags, type Flag, parseTextFlags, UsageError } from '../command.ts'
import { type HookName, hookEvents } from './event.ts'

const STANDARD_LIMIT_SECONDS = 3
const MAX_LIMIT_SECONDS = 60

export const hookFlags: readonly Flag[] = [
  {
    name: 'limit-s',
    takes: 'SECONDS',
    description: `The longest that the hook takes, in seconds. Standard: ${STANDARD_LIMIT_SECONDS}.`,
  },
]

/** The events that a hook answers. */
export const hookNames: readonly string[] = Object.keys(hookEvents)

export interface ParsedHook {
  readonly name: HookName
  readonly limitSeconds: number
  readonly connection: Readonly<Record<string, string | undefined>>
}

/** @throws {UsageError} */
export function parseHook([name = '', ...args]: readonly string[], connectionFlags: readonly string[]): ParsedHook {
  if (!isHookName(name)) throw new UsageError(`name a hook: ${hookNames.join(', ')}`)
  const { 'limit-s': limit, ...connection } = parseTextFlags(args, [
    ...hookFlags.map((flag) => flag.name),
    ...connectionFlags,
  ])
  const limitSeconds = limit === undefined ? STANDARD_LIMIT_SECONDS : Number(limit)
  if (!(limitSeconds >= 0.1 && limitSeconds <= MAX_LIMIT_SECONDS)) {
    throw new UsageError(`--limit-s must be a number of seconds from 0.1 to ${MAX_LIMIT_SECONDS}`)
  }
  return { name, limitSeconds, connection }
}

function isHookName(name: string): name is HookName {
  return Object.hasOwn(hookEvents, name)
}

/** The help text. */
export function describeHook(connectionFlags: readonly string[]): string {
  return [
    'Answer a hook of Claude Code: what it tells is read from standard input, the answer is printed as JSON.',
    '',
    '  bus-mcp hook session-start   announces the agent, and tells it who holds what',
    '  bus-mcp hook pre-tool-use    refuses an edit while another agent holds its lane; .bus.json says which',
    '  bus-mcp hook session-end     releases what the agent holds',
    '',
    ...hookFlags.map((flag) => `  --${flag.name}  ${flag.description}`),
    '',
    describeConnectionFlags(connectionFlags),
    'BUS_MCP_AGENT_ID says who the agent is. docs/guide/hooks.md has the settings to paste.',
  ].join('\n')
}
