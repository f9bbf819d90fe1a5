import * as z from 'zod'
import { LOG_LEVELS } from './core/context.ts'
import { isSwitchedOn } from './core/setting-text.ts'
import { STANDARD_BASE_URL } from './core/wire.ts'
import {
  limit,
  MAX_LEASE_SECONDS,
  MAX_TIMER_SECONDS,
  name,
  nameList,
  names,
  port,
  positiveSeconds,
  secret,
  socketPath,
  toNumber,
} from './setting-schemas.ts'

export interface Setting<T = unknown> {
  /** Absent for what would surprise whoever forgot that it is set. */
  readonly env?: string
  /** Absent for secrets, for a command line is seen by every user of the machine, and for what few ever set. */
  readonly flag?: string | undefined
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

/** Which tools an MCP server offers: the one over stdio, and a bus at `/mcp`. */
export const toolSettings = {
  readOnly: {
    env: 'BUS_MCP_READ_ONLY',
    flag: 'read-only',
    isSwitch: true,
    summary:
      'MCP: only tools that change nothing are listed, and the others are refused. Wins over the settings below.',
    standard: 'unset: agents may write',
    schema: z.string().default('').transform(isSwitchedOn),
  },
  toolsets: {
    env: 'BUS_MCP_TOOLSETS',
    flag: 'toolsets',
    summary: 'MCP: the groups of tools that are offered, separated by commas: core, flags, history; or all.',
    standard: 'core: the six tools',
    schema: nameList,
  },
  tools: {
    env: 'BUS_MCP_TOOLS',
    flag: 'tools',
    summary: 'MCP: single tools that are offered, by name, beside those of BUS_MCP_TOOLSETS; alone: only these.',
    standard: 'none',
    schema: nameList,
  },
  excludeTools: {
    env: 'BUS_MCP_EXCLUDE_TOOLS',
    flag: 'exclude-tools',
    summary: 'MCP: tools that are not offered, by name; wins over the two settings before.',
    standard: 'none',
    schema: nameList,
  },
} as const satisfies Record<string, Setting>

/** How many there may be of something at once. */
const countLimit = (env: string, standard: number, summary: string) => ({
  env,
  summary,
  standard: String(standard),
  schema: limit(standard),
})

const writeSecret = {
  env: 'BUS_WRITE_SECRET',
  isSecret: true,
  summary:
    'Arms every write: the bus refuses those without it, the client sends it as X-Bus-Secret. While it is replaced, new,old: the bus takes both, the client sends the new one.',
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
  listen: {
    env: 'BUS_LISTEN',
    flag: 'listen',
    summary:
      'Listen on a Unix socket, unix:PATH, or on Windows a named pipe, pipe:NAME, and on no port: only your own user can connect.',
    standard: 'unset: BUS_HOST and BUS_PORT',
    schema: socketPath,
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
  maxConnections: countLimit(
    'BUS_MAX_CONNECTIONS',
    4096,
    'How many connections the bus keeps at once; those beyond are refused with 503.',
  ),
  maxWaits: countLimit(
    'BUS_MAX_WAITS',
    1024,
    'How many requests may wait at once (wait_s); those beyond are refused with 503.',
  ),
  maxStreams: countLimit(
    'BUS_MAX_STREAMS',
    2048,
    'How many streams of events may be open at once; those beyond are refused with 503.',
  ),
  rateLimit: {
    env: 'BUS_RATE_LIMIT',
    summary:
      'How many requests a second one address may ask, twice as many at once; those beyond are refused with 429. 0 for no limit.',
    standard: '200 from other machines, no limit on this one',
    schema: z
      .string()
      .optional()
      .transform((text) => (text === undefined ? undefined : toNumber(text)))
      .refine((value) => value === undefined || (value >= 0 && value <= 1_000_000), {
        error: 'be a number of requests a second, 0 for no limit',
      }),
  },
  logLevel: {
    env: 'BUS_LOG_LEVEL',
    flag: 'log-level',
    summary: 'What is logged: debug (each request, too), info, warn, error, or silent.',
    standard: 'info',
    schema: z
      .string()
      .default('info')
      .pipe(z.enum(LOG_LEVELS, { error: `be one of ${LOG_LEVELS.join(', ')}` })),
  },
  traceEndpoint: {
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    summary:
      'Sends traces there, as in http://127.0.0.1:4318 (OpenTelemetry, OTLP over HTTP). OTEL_EXPORTER_OTLP_HEADERS, OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES hold, too.',
    standard: 'unset: no traces',
    schema: z
      .string()
      .optional()
      .refine((text) => text === undefined || /^https?:\/\/[^/]/.test(text), {
        error: 'be a URL, as in http://127.0.0.1:4318',
      }),
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
  // Of the tools at /mcp. As variables only: a flag of the bus would look as if it were about all of the bus.
  readOnly: { ...toolSettings.readOnly, flag: undefined },
  toolsets: { ...toolSettings.toolsets, flag: undefined },
  tools: { ...toolSettings.tools, flag: undefined },
  excludeTools: { ...toolSettings.excludeTools, flag: undefined },
  writeSecret,
} as const satisfies Record<string, Setting>

/** Settings of the commands that work on a database instead of a bus. */
export const placeSettings = {
  databaseUrl: busSettings.databaseUrl,
  allowUnsafeDurability: busSettings.allowUnsafeDurability,
} as const satisfies Record<string, Setting>

/** Settings of the commands that only look at a database. */
export const fileSettings = { databaseUrl: busSettings.databaseUrl } as const satisfies Record<string, Setting>

/** Settings of everything that talks to a bus: the MCP server, the command line, the smoke test. */
export const clientSettings = {
  baseUrl: {
    env: 'BUS_MCP_BASE_URL',
    flag: 'base-url',
    summary: 'Base URL of the coordination bus; unix:PATH or pipe:NAME for one that listens there (BUS_LISTEN).',
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
  // What the bus takes beside it, while it is replaced, no client needs.
  writeSecret: { ...writeSecret, schema: secret.transform((text) => text?.split(',')[0]) },
} as const satisfies Record<string, Setting>

/** Settings of the MCP server over standard input and output. */
export const mcpSettings = { ...clientSettings, ...toolSettings } as const satisfies Record<string, Setting>
