import { parseArgs } from 'node:util'
import {
  type ClientConfig,
  type Environment,
  listMisspelt,
  type McpConfig,
  readClientConfig,
  readMcpConfig,
} from './config.ts'
import { AppError, commonError } from './core/errors.ts'
import type { Setting } from './settings.ts'
import { describeFlagError } from './surfaces/cli/command.ts'
import { terminal } from './terminal.ts'

/** Values of the command line by flag name, without the dashes. */
export type Flags = Readonly<Record<string, string | undefined>>

/** @throws {AppError} `invalid_request` for a flag that none of the settings has, and for a word that is no flag. */
export function parseFlags(settings: Readonly<Record<string, Setting>>, rest: readonly string[]): Flags {
  return parseFlagsAndFile(settings, rest, 0).flags
}

/**
 * The same for a command that takes files, before its flags or after them.
 *
 * @param count How many it takes at the most.
 */
export function parseFlagsAndFile(
  settings: Readonly<Record<string, Setting>>,
  rest: readonly string[],
  count: number,
): { readonly flags: Flags; readonly positionals: readonly string[] } {
  const options = Object.values(settings).flatMap(({ flag, isSwitch }) =>
    flag === undefined ? [] : [[flag, { type: isSwitch ? ('boolean' as const) : ('string' as const) }] as const],
  )
  try {
    const { values, positionals } = parseArgs({
      args: [...rest],
      options: Object.fromEntries(options),
      allowPositionals: count > 0,
    })
    if (positionals.length > count) throw new Error(`there is one word too many: '${positionals[count]}'`)
    const texts = Object.entries(values).map(([name, value]) => [name, value === true ? '1' : String(value)])
    return { flags: Object.fromEntries(texts), positionals }
  } catch (error) {
    throw new AppError('invalid', 'invalid_request', describeFlagError(error, flagNames(settings)))
  }
}

/**
 * Of a bus that is to listen. Whoever typed both meant something; a variable is only what holds otherwise.
 *
 * @throws {AppError} `invalid_request`.
 */
export function refuseTwoPlaces({ listen, host, port }: Flags): void {
  if (listen === undefined || (host ?? port) === undefined) return
  throw commonError('invalid_request', '--listen is a place without a port: leave --host and --port out, or --listen')
}

export function flagNames(settings: Readonly<Record<string, Setting>>): string[] {
  return Object.values(settings).flatMap(({ flag }) => (flag === undefined ? [] : [flag]))
}

/** The client's settings; what cannot be used and was not typed is said aloud. */
export function readClient(env: Environment, flags: Flags): ClientConfig {
  warnOfMisspelt(env)
  return readClientConfig({ env, flags }, warn)
}

/** The MCP server's, likewise. */
export function readMcp(env: Environment, flags: Flags): McpConfig {
  warnOfMisspelt(env)
  return readMcpConfig({ env, flags }, warn)
}

/** What is misspelt is as if it were not set, and nobody would know. */
export function warnOfMisspelt(env: Environment): void {
  for (const problem of listMisspelt(env)) warn(problem)
}

function warn(problem: string): void {
  terminal.err(`bus-mcp: ${problem}`)
}

export function asksForHelp(rest: readonly string[]): boolean {
  return rest.includes('--help') || rest.includes('-h')
}
