import { realpathSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'
import { isPostgresUrl } from './core/database.ts'
import { AppError } from './core/errors.ts'
import { printableLine } from './core/fields.ts'
import { STANDARD_BASE_URL } from './core/wire.ts'

/** The product's version; the same as in package.json, which a test asserts. */
export const VERSION = '0.2.0'

export type Environment = Readonly<Record<string, string | undefined>>

/** Where settings come from. A flag wins over its variable. */
export interface Source {
  readonly env: Environment
  /** Values of the command line by flag name, without the dashes. */
  readonly flags: Readonly<Record<string, string | undefined>>
}

export interface Setting<T = unknown> {
  /** Absent for what would surprise whoever forgot that it is set. */
  readonly env?: string
  /** Absent for secrets, for a command line is seen by every user of the machine, and for what few ever set. */
  readonly flag?: string
  /** The flag takes no value: it stands for `1`. */
  readonly isSwitch?: boolean
  /** Whoever asks a person for it hides what is typed. */
  readonly isSecret?: boolean
  /** One sentence for people. */
  readonly summary: string
  /** What holds when it is not set, for people. */
  readonly standard: string
  /** Reads the text; undefined when it is not set. Its messages end the sentence "NAME must …". */
  readonly schema: z.ZodType<T, string | undefined>
}

/** `Number` takes blank text for 0, which is a port, too. */
const toNumber = (text: string) => (text.trim() === '' ? Number.NaN : Number(text))

const port = z
  .string()
  .default('8100')
  .transform(toNumber)
  .refine((value) => Number.isInteger(value) && value >= 0 && value <= 65_535, { error: 'be a port from 0 to 65535' })

const positiveSeconds = (standard: number, most: number) =>
  z
    .string()
    .default(String(standard))
    .transform(toNumber)
    // Times are kept in whole milliseconds, and less than one would be none.
    .refine((value) => Number.isFinite(value) && value >= 0.001, { error: 'be a positive number of seconds' })
    .refine((value) => value <= most, { error: `be at most ${most} seconds` })

/** A timer of Node that is longer than this ends at once. */
const MAX_TIMER_SECONDS = 2_147_483
/** A century: a moment so far away still has a date. */
const MAX_LEASE_SECONDS = 3_155_760_000

/** A host as guards compare it: without a port, and an IPv6 address in brackets. */
const toHostName = (text: string) => {
  const host = text.trim().toLowerCase()
  return isIPv6(host) ? `[${host}]` : host.replace(/:\d+$/, '')
}

const names = z
  .string()
  .default('')
  .transform((text) => text.split(',').map(toHostName).filter(Boolean))

/** What no sender, owner or session may be called, no setting may call them. */
const name = z
  .string()
  .optional()
  .refine((value) => value === undefined || printableLine('name', 128).safeParse(value).success, {
    error: 'be one line of 1 to 128 characters, without control characters',
  })

const secret = z
  .string()
  .optional()
  .refine((value) => value === undefined || /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value), {
    error: 'be printable ASCII that neither begins nor ends with a space, for it travels in an HTTP header',
  })

const writeSecret = {
  env: 'BUS_WRITE_SECRET',
  isSecret: true,
  summary: 'Arms every write: the bus refuses those without it, the client sends it as X-Bus-Secret.',
  standard: 'unset: open, and nothing is sent',
  schema: secret,
} as const satisfies Setting

/** Settings of `bus-mcp serve`. */
export const busSettings = {
  host: {
    env: 'BUS_HOST',
    flag: 'host',
    summary: 'Address to listen on. Any but a loopback one needs BUS_WRITE_SECRET.',
    standard: '127.0.0.1',
    schema: z
      .string()
      .default('127.0.0.1')
      .transform((host) => host.replace(/^\[(.*)\]$/, '$1')),
  },
  port: {
    env: 'BUS_PORT',
    flag: 'port',
    summary: 'Port to listen on; 0 takes a free one.',
    standard: '8100',
    schema: port,
  },
  databaseUrl: {
    env: 'BUS_DATABASE_URL',
    flag: 'database-url',
    summary:
      'Where the bus keeps everything: sqlite:PATH, sqlite::memory: to keep nothing, or postgres://… to share it among several buses.',
    standard: 'a file in your data folder',
    schema: z.string().optional(),
  },
  allowUnsafeDurability: {
    env: 'BUS_ALLOW_UNSAFE_DURABILITY',
    flag: 'allow-unsafe-durability',
    isSwitch: true,
    summary: 'Takes a PostgreSQL server that may lose what it acknowledged (fsync or synchronous_commit off).',
    standard: 'unset: such a server is refused',
    schema: z
      .string()
      .optional()
      .refine((text) => text === undefined || text === '1' || text === '0', { error: 'be 1 or 0' })
      .transform((text) => text === '1'),
  },
  maxLeaseSeconds: {
    env: 'BUS_MAX_LEASE_SECONDS',
    flag: 'max-lease-seconds',
    summary: 'The longest lease that a claim can get, in seconds; longer ones are clamped to it.',
    standard: '86400',
    schema: positiveSeconds(86_400, MAX_LEASE_SECONDS),
  },
  retainDays: {
    env: 'BUS_RETAIN_DAYS',
    flag: 'retain-days',
    summary:
      'Drops messages, events and histories of lanes after so many days; a flagged message stays until it is acknowledged.',
    standard: 'unset: everything is kept',
    schema: z
      .string()
      .optional()
      .transform((text) => (text === undefined ? undefined : toNumber(text)))
      .refine((value) => value === undefined || (value > 0 && value <= 36_525), {
        error: 'be a number of days above 0',
      }),
  },
  retainMessages: {
    env: 'BUS_RETAIN_MESSAGES',
    flag: 'retain-messages',
    summary: 'Drops what is older than the newest so many messages, likewise.',
    standard: 'unset: everything is kept',
    schema: z
      .string()
      .optional()
      .transform((text) => (text === undefined ? undefined : toNumber(text)))
      .refine((value) => value === undefined || (Number.isSafeInteger(value) && value > 0), {
        error: 'be a whole number above 0',
      }),
  },
  allowedHosts: {
    env: 'BUS_ALLOWED_HOSTS',
    flag: 'allowed-hosts',
    summary: 'Names under which the bus may be asked, beside the loopback ones, separated by commas.',
    standard: 'none',
    schema: names,
  },
  demo: {
    flag: 'demo',
    isSwitch: true,
    summary:
      'Plays synthetic agents, in memory only: for a first look. It has no variable, for a bus that keeps nothing must never be a surprise.',
    standard: 'off',
    schema: z
      .string()
      .optional()
      .transform((text) => text !== undefined),
  },
  writeSecret,
} as const satisfies Record<string, Setting>

/** Settings of the commands that work on a database instead of a bus. */
export const placeSettings = {
  databaseUrl: busSettings.databaseUrl,
  allowUnsafeDurability: busSettings.allowUnsafeDurability,
} as const satisfies Record<string, Setting>

/** Settings of everything that talks to a bus: the MCP server, the command line, the smoke test. */
export const clientSettings = {
  baseUrl: {
    env: 'BUS_MCP_BASE_URL',
    flag: 'base-url',
    summary: 'Base URL of the coordination bus.',
    standard: STANDARD_BASE_URL,
    schema: z.string().default(STANDARD_BASE_URL),
  },
  timeoutSeconds: {
    env: 'BUS_MCP_TIMEOUT_S',
    flag: 'timeout-s',
    summary: 'Time limit of one request to the bus, in seconds.',
    standard: '10.0',
    schema: positiveSeconds(10, MAX_TIMER_SECONDS),
  },
  agentId: {
    env: 'BUS_MCP_AGENT_ID',
    flag: 'agent-id',
    summary: 'Who acts when a call names no sender or owner. Give each agent its own.',
    standard: 'session:HOST:PID for an MCP server, USER@HOST on the command line',
    schema: name,
  },
  session: {
    env: 'BUS_MCP_SESSION',
    summary: 'Processes of one agent that share it are one holder of its lanes, as the headless steps of one task.',
    standard: 'one for each MCP server, none on the command line',
    schema: name,
  },
  maxHoldSeconds: {
    env: 'BUS_MCP_MAX_HOLD_S',
    summary: 'How long an MCP server keeps a lane alive that is not claimed again, in seconds.',
    standard: '3600',
    schema: positiveSeconds(3600, MAX_TIMER_SECONDS),
  },
  writeSecret,
} as const satisfies Record<string, Setting>

type Values<Settings extends Record<string, Setting>> = {
  readonly [Name in keyof Settings]: z.output<Settings[Name]['schema']>
}
export type BusConfig = Values<typeof busSettings>
export type ClientConfig = Values<typeof clientSettings>

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
  return readSettings(busSettings, source, (problem) => {
    throw new AppError('invalid', 'invalid_request', problem)
  })
}

/**
 * A variable that cannot be used falls back to the standard value, for an MCP server that dies at start tells its agent
 * nothing. A flag was typed, and whoever typed it can type it again.
 *
 * @param warn Is told each fallback, to be said aloud.
 * @throws {AppError} `invalid_request` for a flag.
 */
export function readClientConfig(source: Source, warn: (problem: string) => void): ClientConfig {
  return readSettings(clientSettings, source, (problem, { standard }) => {
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
