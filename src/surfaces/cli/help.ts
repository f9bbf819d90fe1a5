import { findNear } from '../../core/near.ts'
import type { AnyOperation } from '../../core/operation.ts'
import { createCommands } from './command.ts'
import { exitCodes } from './exit-code.ts'

/** Commands that stand for no operation. */
export const programCommands: readonly { readonly usage: string; readonly summary: string }[] = [
  { usage: '', summary: 'Serve the tools over MCP on standard input and output' },
  { usage: 'serve', summary: 'Run the bus' },
  { usage: 'run --lane LANE -- COMMAND', summary: 'Run a command while holding a lane, and release it at the end' },
  { usage: 'watch', summary: 'Print what happens on the bus, as it happens' },
  { usage: 'top', summary: 'Show what waits for you, who holds what and what was said last, as it changes' },
  { usage: 'hook EVENT', summary: 'Answer a hook of Claude Code: session-start, pre-tool-use or session-end' },
  { usage: 'migrate', summary: 'Bring the tables of a database up to date' },
  { usage: 'export [FILE]', summary: 'Write all that a database holds as lines of JSON; stop its bus first' },
  { usage: 'import FILE', summary: 'Take an export over into an empty database' },
  { usage: 'backup FILE', summary: 'Copy a database into a new file, also while its bus runs, and check the copy' },
  { usage: 'check', summary: 'Look for faults in a database, also while its bus runs; changes nothing' },
  { usage: 'connect CLIENT', summary: "Print or write a client's configuration, so that its agents are on the bus" },
  { usage: 'doctor', summary: 'Check the way to the bus, and say what to type next' },
  { usage: 'service [SYSTEM]', summary: 'Print the file that makes systemd, launchd or Windows run the bus' },
  { usage: 'completion SHELL', summary: 'Print a script that makes a shell complete commands and flags' },
  { usage: 'tools', summary: 'List the tools, one name per line' },
  { usage: 'version', summary: 'Print the version' },
  { usage: 'help', summary: 'Print this; "bus-mcp COMMAND --help" tells more about one' },
]

/** What to do about a command that there is not. */
export function adviseOnCommand(typed: string, operations: readonly AnyOperation[]): string {
  const own = programCommands.map(({ usage }) => usage.split(' ')[0] ?? '')
  const meant = findNear(typed, [...own, ...createCommands(operations).map(({ spec }) => spec.name)])
  return `${meant === undefined ? '' : `is ${meant} meant? `}"bus-mcp help" lists them`
}

/** What `bus-mcp help` prints. */
export function describeProgram(operations: readonly AnyOperation[], version: string): string {
  const commands = createCommands(operations).map(({ operation, synopsis }) => ({
    usage: synopsis,
    summary: operation.summary,
  }))
  const width = Math.max(...[...programCommands, ...commands].map(({ usage }) => usage.length))
  const toLine = ({ usage, summary }: { usage: string; summary: string }) =>
    `  bus-mcp ${usage.padEnd(width)}  ${summary}`
  return [
    `bus-mcp ${version}: a coordination bus for AI agents, and its MCP server`,
    '',
    ...programCommands.map(toLine),
    '',
    'Against the bus that runs (--json for programs):',
    '',
    ...commands.map(toLine),
    '',
    'Exit status:',
    '',
    ...Object.entries(exitCodes).map(([code, meaning]) => `  ${code.padStart(2)}  ${meaning}`),
  ].join('\n')
}

interface SettingTexts {
  readonly env?: string
  readonly flag?: string | undefined
  readonly summary: string
  readonly standard: string
}

/** The help text of a command that stands for no operation: each of its settings as flag and as variable. */
export function describeSettings(name: string, settings: readonly SettingTexts[]): string {
  const command = programCommands.find(({ usage }) => usage.split(' ')[0] === name)
  const lines = settings.flatMap(({ env, flag, summary, standard }) => [
    `  ${[...(flag === undefined ? [] : [`--${flag}`]), ...(env === undefined ? [] : [env])].join(', ')}`,
    `      ${summary} Standard: ${standard}.`,
  ])
  return [`${command?.summary}.`, '', `  bus-mcp ${name} [FLAGS]`, '', ...lines].join('\n')
}
