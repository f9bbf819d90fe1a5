import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseDatabaseUrl, readBusConfig } from './config.ts'
import { toSocketPath } from './core/wire.ts'

describe('a database URL', () => {
  it.each([
    ['sqlite:bus.db', 'bus.db'],
    ['sqlite:./data/bus.db', './data/bus.db'],
    ['sqlite:/var/lib/bus.db', '/var/lib/bus.db'],
    ['sqlite:///var/lib/bus.db', '/var/lib/bus.db'],
    ['sqlite://bus.db', 'bus.db'],
    ['sqlite::memory:', ':memory:'],
    ['sqlite:with blank and ?.db', 'with blank and ?.db'],
    ['sqlite:C:\\data\\bus.db', 'C:\\data\\bus.db'],
    ['sqlite:C:/data/bus.db', 'C:/data/bus.db'],
    ['sqlite:///C:/data/bus.db', 'C:/data/bus.db'],
    ['sqlite:/C:/data/bus.db', 'C:/data/bus.db'],
    ['sqlite:\\\\server\\share\\bus.db', '\\\\server\\share\\bus.db'],
    ['sqlite:~/bus.db', `${homedir()}/bus.db`],
    ['sqlite:~\\bus.db', `${homedir()}\\bus.db`],
    ['sqlite:~bus.db', '~bus.db'],
    ['postgres://me@db.local/bus', 'postgres://me@db.local/bus'],
    ['postgresql://db.local/bus', 'postgresql://db.local/bus'],
  ])('names a file, or a database elsewhere: %s', (url, path) => {
    expect(parseDatabaseUrl(url, {})).toBe(path)
  })

  it.each(['', 'bus.db', 'sqlite', 'sqlite:', 'SQLITE:bus.db', 'mysql://localhost/bus', 'file:bus.db'])(
    'is refused, with an example, when it is of no kind that is known: %j',
    (url) => {
      expect(() => parseDatabaseUrl(url, {})).toThrow(
        expect.objectContaining({
          code: 'invalid_request',
          message: 'BUS_DATABASE_URL must be sqlite:PATH, as in sqlite:./bus.db, or postgres://USER@HOST/DATABASE',
        }),
      )
    },
  )

  const folders: Partial<Record<NodeJS.Platform, { env: Record<string, string>; moved: string; standard: string }>> = {
    win32: {
      env: { LOCALAPPDATA: 'D:\\Local' },
      moved: 'D:\\Local',
      standard: join(homedir(), 'AppData', 'Local'),
    },
    darwin: {
      env: {},
      moved: join(homedir(), 'Library', 'Application Support'),
      standard: join(homedir(), 'Library', 'Application Support'),
    },
  }
  const { env, moved, standard } = folders[process.platform] ?? {
    env: { XDG_DATA_HOME: '/data' },
    moved: '/data',
    standard: join(homedir(), '.local', 'share'),
  }

  it('that is not set means the file in the folder where this system keeps a user’s data', () => {
    expect(parseDatabaseUrl(undefined, env)).toBe(join(moved, 'bus-mcp', 'bus.db'))
    expect(parseDatabaseUrl(undefined, {})).toBe(join(standard, 'bus-mcp', 'bus.db'))
    expect(parseDatabaseUrl(undefined, { XDG_DATA_HOME: '', LOCALAPPDATA: '' })).toBe(
      join(standard, 'bus-mcp', 'bus.db'),
    )
  })
})

describe('a place without a port', () => {
  it.each([
    ['unix:/run/user/1000/bus.sock', '/run/user/1000/bus.sock'],
    ['unix:///run/bus.sock', '/run/bus.sock'],
    ['unix:bus.sock', 'bus.sock'],
    ['pipe:bus-mcp', '\\\\.\\pipe\\bus-mcp'],
    ['unix:\\\\.\\pipe\\bus', '\\\\.\\pipe\\bus'],
    ['unix:', undefined],
    ['http://127.0.0.1:8100', undefined],
    ['/run/bus.sock', undefined],
  ])('%s: %s', (text, path) => {
    expect(toSocketPath(text)).toBe(path)
  })
})

describe('a limit', () => {
  const names = ['BUS_MAX_CONNECTIONS', 'BUS_MAX_WAITS', 'BUS_MAX_STREAMS']

  it.each(names.flatMap((name) => ['0', '-1', '1.5', 'many', '1000001'].map((text) => [name, text] as const)))(
    'of %s is not %s',
    (name, text) => {
      expect(() => readBusConfig({ env: { [name]: text }, flags: {} })).toThrow(
        `${name} must be a whole number from 1 to 1000000`,
      )
    },
  )

  it.each(['-1', 'many', '1e9'])('of requests a second is not %s', (text) => {
    expect(() => readBusConfig({ env: { BUS_RATE_LIMIT: text }, flags: {} })).toThrow(
      'BUS_RATE_LIMIT must be a number of requests a second, 0 for no limit',
    )
  })
})

describe('the level of the log', () => {
  it('is one of a list', () => {
    expect(() => readBusConfig({ env: {}, flags: { 'log-level': 'loud' } })).toThrow(
      '--log-level must be one of debug, info, warn, error, silent',
    )
  })
})
