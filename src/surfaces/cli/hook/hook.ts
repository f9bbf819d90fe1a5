import { type BusClient, BusUnreachable, hideCredentials } from '../../../client/index.ts'
import type { AnyOperation } from '../../../core/operation.ts'
import { toPlainText } from '../render.ts'
import type { HookEvent } from './event.ts'

/** What every hook is given. */
export interface HookContext {
  readonly client: BusClient
  readonly baseUrl: string
  /** Undefined when nobody told. */
  readonly agentId: string | undefined
  readonly session: string | undefined
  readonly operations: readonly AnyOperation[]
  readonly event: HookEvent
  /** Aborts when the time of the hook is over. */
  readonly signal: AbortSignal
  readonly limitSeconds: number
}

/** What Claude Code is told. Nothing at all: go on as if there was no hook. */
export interface HookAnswer {
  /** For the person. */
  readonly systemMessage?: string
  readonly hookSpecificOutput?: {
    readonly hookEventName: string
    readonly additionalContext?: string
    readonly permissionDecision?: 'deny'
    readonly permissionDecisionReason?: string
  }
}

export const NAMELESS =
  'bus-mcp: the hooks do not know which agent this is. Set BUS_MCP_AGENT_ID for Claude Code itself, as in: BUS_MCP_AGENT_ID=planner claude'

/** Why the bus could not be asked, in one line. */
export function describeProblem(error: unknown, { signal, baseUrl, limitSeconds }: HookContext): string {
  const isLate = signal.aborted && error instanceof BusUnreachable
  if (isLate) return `no bus at ${hideCredentials(baseUrl)}: no answer within ${limitSeconds} s`
  return toPlainText(error instanceof Error ? error.message : String(error)).replaceAll('\n', ' ')
}
