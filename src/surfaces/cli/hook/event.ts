import * as z from 'zod'
import { UsageError } from '../command.ts'

/** The events of Claude Code that there is a hook for, by the word that names the hook. */
export const hookEvents = {
  'session-start': 'SessionStart',
  'session-end': 'SessionEnd',
  'pre-tool-use': 'PreToolUse',
} as const

export type HookName = keyof typeof hookEvents

/** What Claude Code tells a hook, as far as ours read it. Whatever else it tells, today or tomorrow, passes. */
const event = z.object({
  hook_event_name: z.string().optional(),
  cwd: z.string().min(1),
  /** Of SessionStart: startup, resume, clear or compact. */
  source: z.string().optional(),
  /** Of SessionEnd: clear, resume, logout, prompt_input_exit or other. */
  reason: z.string().optional(),
  tool_name: z.string().optional(),
  tool_input: z.looseObject({}).optional(),
})

export type HookEvent = z.output<typeof event>

/**
 * Reads what came on standard input.
 *
 * @throws {UsageError} Its exit status, 2, is the one that stops a tool: what cannot be read is not let through unseen.
 */
export function parseEvent(name: HookName, text: string): HookEvent {
  const result = event.safeParse(parseJson(text))
  if (!result.success) {
    const fields = [...new Set(result.error.issues.map(({ path }) => path.join('.') || 'all of it'))].join(', ')
    throw new UsageError(`standard input is not the JSON of a hook of Claude Code: ${fields}`)
  }
  const expected = hookEvents[name]
  const told = result.data.hook_event_name
  if (told !== undefined && told !== expected) {
    throw new UsageError(`this hook is for ${expected}, and was run for ${told}: mend the settings`)
  }
  return result.data
}

function parseJson(text: string): unknown {
  try {
    // Some shells of Windows put a mark in front of what they pipe.
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch {
    return undefined
  }
}

/** The tools that change a file, and the field of their input that names it. */
const EDITED_FIELD: ReadonlyMap<string, string> = new Map([
  ['Edit', 'file_path'],
  ['MultiEdit', 'file_path'],
  ['Write', 'file_path'],
  ['NotebookEdit', 'notebook_path'],
])

/**
 * The file that a tool is about to change, as the tool names it; undefined for a tool that changes none.
 *
 * @throws {UsageError} When a tool that does names no file.
 */
export function findEditedFile({ tool_name = '', tool_input = {} }: HookEvent): string | undefined {
  const field = EDITED_FIELD.get(tool_name)
  if (field === undefined) return undefined
  const file = tool_input[field]
  if (typeof file !== 'string' || file === '') {
    throw new UsageError(`${tool_name} names no file: tool_input.${field} must be a path`)
  }
  return file
}
