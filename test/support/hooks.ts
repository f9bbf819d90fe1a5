import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createTempFolder } from './bus.ts'
import { type Run, runMain } from './process.ts'

export interface TestRepository {
  readonly folder: string
  /** Writes a file, with the folders above it; gives its path. */
  write(path: string, text?: string): string
}

/** A repository with this `.bus.json`, or without one; removed after the test. */
export function createRepository(laneMap?: object | string): TestRepository {
  const folder = createTempFolder()
  const write = (path: string, text = '') => {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    return file
  }
  write('.git/HEAD')
  if (laneMap !== undefined) write('.bus.json', typeof laneMap === 'string' ? laneMap : JSON.stringify(laneMap))
  return { folder, write }
}

interface HookRun {
  readonly bus: { readonly apiUrl: string }
  readonly repository: TestRepository
  /** `planner` when left out; null: nobody says. */
  readonly agentId?: string | null
  readonly session?: string
  readonly env?: Readonly<Record<string, string>>
  readonly flags?: readonly string[]
}

export interface HookAnswer extends Run {
  /** The JSON on standard output; undefined when there is nothing. */
  readonly json: HookJson | undefined
}

interface HookJson {
  readonly systemMessage?: string
  readonly hookSpecificOutput?: {
    readonly hookEventName: string
    readonly permissionDecision?: string
    readonly permissionDecisionReason?: string
    readonly additionalContext?: string
  }
}

/** Runs `bus-mcp hook …` as a process, with what Claude Code would tell it of this event. */
async function runHook(name: string, fields: object, options: HookRun): Promise<HookAnswer> {
  const { bus, repository, agentId = 'planner', session, env = {}, flags = [] } = options
  const event = {
    session_id: '00893aaf-19fa-41d2-8238-13269b9b3ca0',
    transcript_path: join(repository.folder, 'transcript.jsonl'),
    cwd: repository.folder,
    ...fields,
  }
  const run = await runMain(
    ['hook', name, ...flags],
    {
      BUS_MCP_BASE_URL: bus.apiUrl,
      ...(agentId === null ? {} : { BUS_MCP_AGENT_ID: agentId }),
      ...(session === undefined ? {} : { BUS_MCP_SESSION: session }),
      ...env,
    },
    JSON.stringify(event),
  )
  return { ...run, json: run.stdout === '' ? undefined : JSON.parse(run.stdout) }
}

/** Before a tool changes a file, which is named as tools name it: by its whole path. */
export function runPreToolUse(path: string, options: HookRun & { readonly tool?: string }): Promise<HookAnswer> {
  const { tool = 'Edit', repository } = options
  const field = tool === 'NotebookEdit' ? 'notebook_path' : 'file_path'
  const fields = { tool_name: tool, tool_input: { [field]: join(repository.folder, path) } }
  return runHook('pre-tool-use', { hook_event_name: 'PreToolUse', permission_mode: 'default', ...fields }, options)
}

export function runSessionStart(options: HookRun & { readonly source?: string }): Promise<HookAnswer> {
  return runHook('session-start', { hook_event_name: 'SessionStart', source: options.source ?? 'startup' }, options)
}

export function runSessionEnd(options: HookRun & { readonly reason?: string }): Promise<HookAnswer> {
  return runHook('session-end', { hook_event_name: 'SessionEnd', reason: options.reason ?? 'other' }, options)
}
