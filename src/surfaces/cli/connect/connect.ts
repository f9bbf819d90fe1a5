import { UsageError } from '../command.ts'
import type { Client, Places, Scope } from './clients.ts'
import { type Edit, EditRefused, type Wanted } from './edit.ts'
import { editJson, renderJson } from './edit-json.ts'
import { editToml, renderToml } from './edit-toml.ts'
import { toShellLine } from './own-commands.ts'
import { openSafeFile } from './safe-file.ts'
import { findAddressProblem, type Target } from './target.ts'

export interface ConnectOptions {
  readonly client: Client
  readonly scope: Scope
  readonly target: Target
  readonly places: Places
  readonly mayWrite: boolean
}

/**
 * Makes the configuration of a client, and writes it where that was asked for.
 *
 * @returns What to tell the person.
 * @throws {UsageError} The file is then as it was.
 */
export async function connect({ client, scope, target, places, mayWrite }: ConnectOptions): Promise<string> {
  const problem = findAddressProblem(target)
  if (problem !== undefined) throw new UsageError(problem)
  const path = findPath(client, scope, places)
  const { table, toEntry, toInputs } = client
  const wanted: Wanted = { table, name: target.name, entry: toEntry(target), inputs: toInputs?.(target) ?? [] }
  const done = mayWrite ? await write(client, path, wanted) : describe(client, scope, path, wanted, target)
  return [done, ...listHints(client, scope, target)].join('\n')
}

async function write({ format, title }: Client, path: string, wanted: Wanted): Promise<string> {
  const file = await openSafeFile(path)
  const { text, outcome } = edit(format, path, file.text, wanted)
  if (outcome === 'unchanged') return `${path} has it already: nothing was changed`
  const backup = await file.replace(text)
  const what = outcome === 'added' ? `added "${wanted.name}" to` : `replaced what "${wanted.name}" was in`
  return [
    `${what} ${path}`,
    ...(backup === undefined ? [] : [`the former file is ${backup}`]),
    `${title} takes it up when it starts next.`,
  ].join('\n')
}

/** @throws {UsageError} With what to paste. */
function edit(format: Client['format'], path: string, text: string, wanted: Wanted): Edit {
  try {
    return format === 'json' ? editJson(text, wanted) : editToml(text, wanted)
  } catch (error) {
    if (!(error instanceof EditRefused)) throw error
    throw new UsageError(
      `${path} ${error.message}. It is as it was. Put this into it by hand:\n\n${render(format, wanted)}`,
    )
  }
}

function render(format: Client['format'], wanted: Wanted): string {
  return format === 'json' ? renderJson(wanted) : renderToml(wanted)
}

function describe({ title, format, toArguments }: Client, scope: Scope, path: string, wanted: Wanted, target: Target) {
  const words = toArguments?.(target, scope)
  return [
    `${title}, in ${path}`,
    '',
    render(format, wanted),
    ...(words === undefined
      ? []
      : [`or, in one line${process.platform === 'win32' ? ' of PowerShell' : ''}:\n\n${toShellLine(words)}\n`]),
    'With --write this command puts it there, beside all that the file holds.',
  ].join('\n')
}

function listHints({ secretSource, hints }: Client, scope: Scope, { isHttp, hasSecret, agentId, programPath }: Target) {
  return [
    hints?.[scope],
    scope === 'project' && !isHttp
      ? 'The path is that of this machine: for a file that others share use --http.'
      : undefined,
    hasSecret ? `${secretSource}; the secret itself is not in the file.` : undefined,
    isHttp && agentId === undefined ? 'Without --agent-id every call has to name its sender or owner.' : undefined,
    isHttp && agentId !== undefined
      ? `All that read this file are one agent, ${agentId}, and one holder of its lanes: over HTTP no process tells them apart.`
      : undefined,
    !isHttp && /[\\/]_npx[\\/]/.test(programPath)
      ? 'The program is in the cache of npm, which may be emptied: "npm i -g bus-mcp", then this again, keeps it.'
      : undefined,
  ].filter((hint) => hint !== undefined)
}

function findPath({ title, files }: Client, scope: Scope, places: Places): string {
  const toPath = files.find(([known]) => known === scope)?.[1]
  if (!toPath) throw new UsageError(`${title} has no file for ${scope}`)
  return toPath(places)
}
