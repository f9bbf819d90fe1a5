import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { namePerson, nameSession, readBusConfig, readClientConfig, readMcpConfig, VERSION } from './config.ts'
import { busSettings, clientSettings, mcpSettings, type Setting } from './settings.ts'

type Values = Readonly<Record<string, string | undefined>>

const readBus = (env: Values = {}, flags: Values = {}) => readBusConfig({ env, flags })

/** The settings of a client, and what was said aloud. */
function readClient(env: Values = {}, flags: Values = {}) {
  const warnings: string[] = []
  return { config: readClientConfig({ env, flags }, (problem) => warnings.push(problem)), warnings }
}

/** What starting a bus with these is refused with. */
function refusalOf(env: Values, flags: Values = {}): string {
  try {
    readBus(env, flags)
  } catch (error) {
    expect(error).toMatchObject({ name: 'AppError', kind: 'invalid', code: 'invalid_request' })
    return error instanceof Error ? error.message : ''
  }
  throw new Error('the settings were accepted')
}

describe('the version', () => {
  it('is that of package.json', () => {
    const text = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')
    const { version }: { version: unknown } = JSON.parse(text)
    expect(VERSION).toBe(version)
  })
})

describe('the settings of a bus', () => {
  it('are the standard ones when nothing is set', () => {
    expect(readBus()).toEqual({
      host: '127.0.0.1',
      port: 8100,
      databaseUrl: undefined,
      allowUnsafeDurability: false,
      maxLeaseSeconds: 86_400,
      retainDays: undefined,
      retainMessages: undefined,
      allowedHosts: [],
      listen: undefined,
      maxConnections: 4096,
      maxWaits: 1024,
      maxStreams: 2048,
      rateLimit: undefined,
      logLevel: 'info',
      traceEndpoint: undefined,
      demo: false,
      readOnly: false,
      toolsets: [],
      tools: [],
      excludeTools: [],
      writeSecret: undefined,
    })
  })

  it('come from the environment', () => {
    const env = {
      BUS_HOST: '0.0.0.0',
      BUS_PORT: '0',
      BUS_DATABASE_URL: 'sqlite:./bus.db',
      BUS_MAX_LEASE_SECONDS: '0.5',
      BUS_ALLOW_UNSAFE_DURABILITY: '1',
      BUS_RETAIN_DAYS: '0.5',
      BUS_RETAIN_MESSAGES: '10000',
      BUS_ALLOWED_HOSTS: 'bus.local, build.local,',
      BUS_LISTEN: 'unix:/run/bus.sock',
      BUS_MAX_CONNECTIONS: '10',
      BUS_MAX_WAITS: '20',
      BUS_MAX_STREAMS: '30',
      BUS_RATE_LIMIT: '0.5',
      BUS_LOG_LEVEL: 'debug',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
      BUS_MCP_READ_ONLY: '1',
      BUS_MCP_TOOLSETS: 'core, flags',
      BUS_MCP_TOOLS: 'get_timeline',
      BUS_MCP_EXCLUDE_TOOLS: 'post_message,claim_lane',
      BUS_WRITE_SECRET: 'open sesame',
    }
    expect(readBus(env)).toEqual({
      host: '0.0.0.0',
      port: 0,
      databaseUrl: 'sqlite:./bus.db',
      allowUnsafeDurability: true,
      maxLeaseSeconds: 0.5,
      retainDays: 0.5,
      retainMessages: 10_000,
      allowedHosts: ['bus.local', 'build.local'],
      listen: '/run/bus.sock',
      maxConnections: 10,
      maxWaits: 20,
      maxStreams: 30,
      rateLimit: 0.5,
      logLevel: 'debug',
      traceEndpoint: 'http://127.0.0.1:4318',
      demo: false,
      readOnly: true,
      toolsets: ['core', 'flags'],
      tools: ['get_timeline'],
      excludeTools: ['post_message', 'claim_lane'],
      writeSecret: 'open sesame',
    })
  })

  it('come from the command line before the environment, whose value is then not even looked at', () => {
    expect(readBus({ BUS_PORT: '8200' }, { port: '8300' }).port).toBe(8300)
    expect(readBus({ BUS_PORT: 'nonsense' }, { port: '8300' }).port).toBe(8300)
    expect(readBus({ BUS_PORT: '8200' }, { port: undefined }).port).toBe(8200)
  })

  it('count as unset when their variable or flag is empty, as for the first bus', () => {
    const settings: readonly Setting[] = Object.values(busSettings)
    const env = Object.fromEntries(settings.flatMap(({ env }) => (env === undefined ? [] : [[env, '']])))
    expect(readBus(env)).toEqual(readBus())
    expect(readBus({ BUS_PORT: '8200' }, { port: '' }).port).toBe(8200)
  })

  it.each([
    ['BUS_PORT', 'abc', 'BUS_PORT must be a port from 0 to 65535'],
    ['BUS_PORT', '65536', 'BUS_PORT must be a port from 0 to 65535'],
    ['BUS_PORT', '-1', 'BUS_PORT must be a port from 0 to 65535'],
    ['BUS_PORT', '80.5', 'BUS_PORT must be a port from 0 to 65535'],
    ['BUS_PORT', ' ', 'BUS_PORT must be a port from 0 to 65535'],
    ['BUS_MAX_LEASE_SECONDS', '1h', 'BUS_MAX_LEASE_SECONDS must be a positive number of seconds'],
    ['BUS_MAX_LEASE_SECONDS', '0', 'BUS_MAX_LEASE_SECONDS must be a positive number of seconds'],
    ['BUS_MAX_LEASE_SECONDS', '0.0001', 'BUS_MAX_LEASE_SECONDS must be a positive number of seconds'],
    ['BUS_MAX_LEASE_SECONDS', '-60', 'BUS_MAX_LEASE_SECONDS must be a positive number of seconds'],
    ['BUS_MAX_LEASE_SECONDS', 'Infinity', 'BUS_MAX_LEASE_SECONDS must be a positive number of seconds'],
    ['BUS_MAX_LEASE_SECONDS', 'NaN', 'BUS_MAX_LEASE_SECONDS must be a positive number of seconds'],
    ['BUS_RETAIN_DAYS', '0', 'BUS_RETAIN_DAYS must be a number of days above 0'],
    ['BUS_RETAIN_DAYS', 'a week', 'BUS_RETAIN_DAYS must be a number of days above 0'],
    ['BUS_RETAIN_MESSAGES', '1.5', 'BUS_RETAIN_MESSAGES must be a whole number above 0'],
    ['BUS_RETAIN_MESSAGES', '-1', 'BUS_RETAIN_MESSAGES must be a whole number above 0'],
    ['BUS_MAX_LEASE_SECONDS', '1e300', 'BUS_MAX_LEASE_SECONDS must be at most 3155760000 seconds'],
  ])('refuse to start a bus with %s=%j, and say how it must be', (name, value, message) => {
    expect(refusalOf({ [name]: value })).toBe(message)
  })

  it('name the flag when it is the flag that cannot be used', () => {
    expect(refusalOf({ BUS_PORT: '8200' }, { port: 'abc' })).toBe('--port must be a port from 0 to 65535')
  })

  it.each([' secret', 'secret ', ' ', 'sécret', 'se\tcret', 'secret\n', 'schl\u00fcssel', '🔑'])(
    'refuse the secret %j, which no header would carry as it is, and do not repeat it',
    (secret) => {
      const message = refusalOf({ BUS_WRITE_SECRET: secret })
      expect(message).toBe(
        'BUS_WRITE_SECRET must be printable ASCII that neither begins nor ends with a space, for it travels in an HTTP header',
      )
    },
  )

  it.each(['x', 'tr0ub4dor&3', 'correct horse battery staple', '!~', 'a,b'])('take the secret %j', (secret) => {
    expect(readBus({ BUS_WRITE_SECRET: secret }).writeSecret).toBe(secret)
  })

  it('never take the secret from the command line, which every user of the machine can see', () => {
    expect(readBus({}, { 'write-secret': 'seen' }).writeSecret).toBeUndefined()
    for (const settings of [busSettings, clientSettings]) expect(settings.writeSecret).not.toHaveProperty('flag')
  })
})

const agentWords =
  'be one line of 1 to 128 characters, without control characters; using session:HOST:PID for an MCP server, USER@HOST on the command line'

describe('the settings of a client', () => {
  const STANDARD = {
    baseUrl: 'http://127.0.0.1:8100/api/bus',
    timeoutSeconds: 10,
    agentId: undefined,
    session: undefined,
    maxHoldSeconds: 3600,
    writeSecret: undefined,
  }

  it('are the standard ones when nothing is set, or set to nothing, and nothing is said', () => {
    expect(readClient()).toEqual({ config: STANDARD, warnings: [] })
    const env = Object.fromEntries(Object.values(clientSettings).map((setting) => [setting.env, '']))
    expect(readClient(env)).toEqual({ config: STANDARD, warnings: [] })
  })

  it('come from the command line before the environment', () => {
    const env = {
      BUS_MCP_BASE_URL: 'http://bus.local/api/bus',
      BUS_MCP_TIMEOUT_S: '2.5',
      BUS_MCP_AGENT_ID: 'planner',
      BUS_MCP_SESSION: 'nightly',
      BUS_MCP_MAX_HOLD_S: '0.5',
      BUS_WRITE_SECRET: 'open sesame',
    }
    expect(readClient(env, { 'agent-id': 'builder' })).toEqual({
      config: {
        baseUrl: 'http://bus.local/api/bus',
        timeoutSeconds: 2.5,
        agentId: 'builder',
        session: 'nightly',
        maxHoldSeconds: 0.5,
        writeSecret: 'open sesame',
      },
      warnings: [],
    })
  })

  it.each([
    ['BUS_MCP_TIMEOUT_S', 'soon', 'be a positive number of seconds; using 10.0'],
    ['BUS_MCP_TIMEOUT_S', ' ', 'be a positive number of seconds; using 10.0'],
    // A timer as long as this would end at once, and with it every call.
    ['BUS_MCP_TIMEOUT_S', '2147484', 'be at most 2147483 seconds; using 10.0'],
    ['BUS_MCP_AGENT_ID', 'x'.repeat(129), agentWords],
    // What no owner may be called: nothing to see, and a line break in disguise.
    ['BUS_MCP_AGENT_ID', ' ', agentWords],
    ['BUS_MCP_AGENT_ID', 'a\u2028b', agentWords],
    ['BUS_MCP_MAX_HOLD_S', '1h', 'be a positive number of seconds; using 3600'],
    [
      'BUS_MCP_SESSION',
      'a\nb',
      'be one line of 1 to 128 characters, without control characters; using one for each MCP server, none on the command line',
    ],
    [
      'BUS_WRITE_SECRET',
      ' secret',
      'be printable ASCII that neither begins nor ends with a space, for it travels in an HTTP header; using unset: open, and nothing is sent',
    ],
  ])('fall back to the standard, and say so aloud, when %s cannot be used', (name, value, words) => {
    expect(readClient({ [name]: value })).toEqual({ config: STANDARD, warnings: [`${name} must ${words}`] })
  })

  it('fall back one by one: what can be used is used', () => {
    const { config, warnings } = readClient({ BUS_MCP_AGENT_ID: 'planner', BUS_MCP_TIMEOUT_S: '-1' })
    expect(config).toEqual({ ...STANDARD, agentId: 'planner' })
    expect(warnings).toEqual(['BUS_MCP_TIMEOUT_S must be a positive number of seconds; using 10.0'])
  })

  it('refuse a flag that cannot be used: whoever typed it can type it again', () => {
    expect(() => readClient({}, { 'timeout-s': '-1' })).toThrow('--timeout-s must be a positive number of seconds')
  })
})

describe('every setting', () => {
  const all: readonly [string, Setting][] = Object.entries({ ...busSettings, ...clientSettings })

  it.each(all)('%s has a variable, and a sentence for people', (name, { env, summary, standard }) => {
    // A bus that keeps nothing because of a variable that somebody forgot would be a bad surprise.
    if (name === 'demo') expect(env).toBeUndefined()
    else expect(env).toMatch(/^(BUS|OTEL)_[A-Z_]+$/)
    expect(summary).toMatch(/\.$/)
    expect(standard).not.toBe('')
  })

  it('has a variable and a flag of its own', () => {
    for (const settings of [busSettings, mcpSettings]) {
      const all: readonly Setting[] = Object.values(settings)
      const names = all.flatMap(({ flag, env }) => [flag ?? [], env ?? []].flat())
      expect(new Set(names).size).toBe(names.length)
    }
  })
})

describe('whether an MCP server only reads', () => {
  it.each([
    ['', false],
    ['0', false],
    ['False', false],
    ['no', false],
    ['off', false],
    ['1', true],
    ['true', true],
    // Whoever sets it to anything wants protection.
    ['yes please', true],
  ])('is read from %j as %j', (text, readOnly) => {
    const config = readMcpConfig({ env: { BUS_MCP_READ_ONLY: text }, flags: {} }, expect.unreachable)
    expect(config.readOnly).toBe(readOnly)
  })
})

describe('a name for who acts', () => {
  it('is one per process for an MCP server', () => {
    expect(nameSession()).toBe(`session:${hostname()}:${process.pid}`)
  })

  it('is the same in every call for a person at a command line', () => {
    expect(namePerson({ USER: 'ann' })).toBe(`ann@${hostname()}`)
    expect(namePerson({ USERNAME: 'Ann' })).toBe(`Ann@${hostname()}`)
    expect(namePerson({ USER: '', USERNAME: 'Ann' })).toBe(`Ann@${hostname()}`)
    expect(namePerson({})).toBe(`somebody@${hostname()}`)
  })
})
