import { realpathSync } from 'node:fs'
import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import type * as z from 'zod'
import { isPostgresUrl } from './core/database.ts'
import { AppError } from './core/errors.ts'
import { findNear } from './core/near.ts'
import { serviceSettings } from './service-settings.ts'
import { busSettings, clientSettings, mcpSettings, type Setting } from './settings.ts'

/** The product's version; the same as in package.json, which a test asserts. */
export const VERSION = '0.2.0'

export type Environment = Readonly<Record<string, string | undefined>>

/** Where settings come from. A flag wins over its variable. */
export interface Source {
  readonly env: Environment
  /** Values of the command line by flag name, without the dashes. */
  readonly flags: Readonly<Record<string, string | undefined>>
}

type Values<Settings extends Record<string, Setting>> = {
  readonly [Name in keyof Settings]: z.output<Settings[Name]['schema']>
}
export type BusConfig = Values<typeof busSettings>
export type ServiceConfig = Values<typeof serviceSettings>
export type ClientConfig = Values<typeof clientSettings>
export type McpConfig = Values<typeof mcpSettings>

/** The agent behind an MCP server: one per process, so that two never share a name by accident. */
export function nameSession(): string {
  return `session:${hostname()}:${process.pid}`
}

/** The person at a command line: the same in every call, so that they can release what they claimed. */
export function namePerson({ USER, USERNAME }: Environment): string {
  return `${USER || USERNAME || 'somebody'}@${hostname()}`
}

/** What the process was started with, beside its arguments. */
export interface Launch {
  readonly env: Environment
  /** The file that runs, as the system knows it. */
  readonly programPath: string
}

/** What a person typed and what the environment holds: the only reader of either. */
export function readProcess(): Launch & { readonly args: readonly string[] } {
  const [, script = 'bus-mcp', ...args] = process.argv
  return { args, env: process.env, programPath: findTruePath(script) }
}

/** Follows the link that npm makes for a bin. */
function findTruePath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** @throws {AppError} `invalid_request` naming the first setting that cannot be used, and how it must be. */
export function readBusConfig(source: Source): BusConfig {
  return readSettings(busSettings, source, refuse)
}

/** @throws {AppError} Likewise. */
export function readServiceConfig(source: Source): ServiceConfig {
  return readSettings(serviceSettings, source, refuse)
}

function refuse(problem: string): never {
  throw new AppError('invalid', 'invalid_request', problem)
}

/**
 * A variable that cannot be used falls back to the standard value, for an MCP server that dies at start tells its agent
 * nothing. A flag was typed, and whoever typed it can type it again.
 *
 * @param warn Is told each fallback, to be said aloud.
 * @throws {AppError} `invalid_request` for a flag.
 */
export function readClientConfig(source: Source, warn: (problem: string) => void): ClientConfig {
  return readTolerantly(clientSettings, source, warn)
}

/** As {@link readClientConfig}, with what the MCP server has beside it. */
export function readMcpConfig(source: Source, warn: (problem: string) => void): McpConfig {
  return readTolerantly(mcpSettings, source, warn)
}

function readTolerantly<Settings extends Record<string, Setting>>(
  settings: Settings,
  source: Source,
  warn: (problem: string) => void,
): Values<Settings> {
  return readSettings(settings, source, (problem, { standard }) => {
    if (problem.startsWith('--')) throw new AppError('invalid', 'invalid_request', problem)
    warn(`${problem}; using ${standard}`)
  })
}

function readSettings<Settings extends Record<string, Setting>>(
  settings: Settings,
  { env, flags }: Source,
  onProblem: (problem: string, setting: Setting) => void,
): Values<Settings> {
  const values = Object.entries(settings).map(([name, setting]) => {
    const flag = setting.flag === undefined ? undefined : flags[setting.flag]
    // Empty counts as unset, as it did for the first bus.
    const text = flag || (setting.env && env[setting.env]) || undefined
    const result = setting.schema.safeParse(text)
    if (result.success) return [name, result.data]
    const given = flag ? `--${setting.flag}` : setting.env
    onProblem(`${given} must ${result.error.issues[0]?.message}`, setting)
    return [name, setting.schema.parse(undefined)]
  })
  return Object.fromEntries(values) as Values<Settings> // The entries are those of `settings`, one by one.
}

/** Variables that are near to one of ours and are none, a line each: whoever set BUS_WRITE_SECRT takes the bus for armed. */
export function listMisspelt(env: Environment): string[] {
  const known = Object.values<Setting>({ ...busSettings, ...mcpSettings }).flatMap(({ env: name }) => name ?? [])
  return Object.keys(env).flatMap((name) => {
    const meant = name.startsWith('BUS_') && env[name] ? findNear(name, known) : undefined
    return meant === undefined ? [] : [`${name} is set, and is no setting: is ${meant} meant?`]
  })
}

/**
 * The file of a database URL; `:memory:` for the database that keeps nothing; the URL itself of a PostgreSQL database.
 *
 * @throws {AppError} `invalid_request` when it is of no kind that we know.
 */
export function parseDatabaseUrl(url: string | undefined, env: Environment): string {
  if (url === undefined) return join(dataFolder(env), 'bus.db')
  if (isPostgresUrl(url)) return url
  const path = /^sqlite:(?:\/\/)?(.+)$/.exec(url)?.[1]
  if (path === undefined) {
    throw new AppError(
      'invalid',
      'invalid_request',
      'BUS_DATABASE_URL must be sqlite:PATH, as in sqlite:./bus.db, or postgres://USER@HOST/DATABASE',
    )
  }
  // A URL writes C:\bus.db as /C:/bus.db; and no shell expands ~ in a configuration file.
  return path.replace(/^\/(?=[A-Za-z]:)/, '').replace(/^~(?=[/\\])/, homedir())
}

/** Where this system keeps a user's program data. */
function dataFolder(env: Environment): string {
  switch (process.platform) {
    case 'win32':
      return join(env.LOCALAPPDATA || join(homedir(), 'AppData', 'Local'), 'bus-mcp')
    case 'darwin':
      return join(homedir(), 'Library', 'Application Support', 'bus-mcp')
    default:
      return join(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'bus-mcp')
  }
}
