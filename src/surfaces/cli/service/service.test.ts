import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, win32 } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { renderService, type ServicePlan } from './index.ts'
import { quoteForWindows } from './windows.ts'

/** What people call folders, and what each of these systems takes for something else. */
const AWKWARD = '/opt/Bücher & "Co" 100% <$HOME> it\'s'
const plan: ServicePlan = {
  nodePath: '/usr/bin/node',
  programPath: `${AWKWARD}/dist/main.js`,
  flags: ['--port=8101', '--allowed-hosts=a b,"c"'],
  scope: 'user',
  folder: '/home/ada/da ta & 50% $x',
  databasePath: '/home/ada/da ta & 50% $x/bus.db',
  socketPath: undefined,
  logFile: undefined,
  home: '/home/ada',
  user: 'WORK\\Ada & Bücher',
}

const has = (command: string, ...args: readonly string[]) => spawnSync(command, args).status === 0
const render = (system: string, changed: Partial<ServicePlan> = {}) => renderService(system, { ...plan, ...changed })

/** The values of a key of a unit, in order. */
const valuesOf = (unit: string, key: string) =>
  unit.split('\n').flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : []))

/** Takes a command line apart as systemd.service(5) says; what stands for something else comes out as a question mark. */
function splitCommandLine(line: string): string[] {
  const words = [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain = '']) =>
    (quoted?.replace(/\\(.)/g, '$1') ?? plain).replace(/%(.?)/g, (_, next) => (next === '%' ? '%' : '?')),
  )
  const withVariables = (word: string) => word.replace(/\$(.?)/g, (_, next) => (next === '$' ? '$' : '?'))
  return words.map((word, index) => (index === 0 ? word : withVariables(word)))
}

/** Takes one apart as programs of Windows do: two backslashes are one only before a quote. */
function splitForWindows(line: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let isQuoted = false
  for (const [, slashes = '', mark = ''] of line.matchAll(/(\\*)([^\\]|$)/gs)) {
    const isQuote = mark === '"'
    const kept = isQuote ? slashes.slice(0, Math.floor(slashes.length / 2)) : slashes
    const isLiteral = isQuote && slashes.length % 2 === 1
    if (kept || isLiteral || isQuote || (mark !== '' && (isQuoted || !/\s/.test(mark)))) word ??= ''
    if (word !== undefined) word += kept
    if (isQuote && !isLiteral) isQuoted = !isQuoted
    else if (mark !== '' && (isQuoted || !/\s/.test(mark))) word += mark
    else if (word !== undefined) {
      words.push(word)
      word = undefined
    }
  }
  return words
}

function writeTemp(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'bus-service-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

/** The texts of the elements of one name, as a reader of XML sees them; it must nest rightly. */
function readElements(xml: string, name: string): string[] {
  const open: string[] = []
  for (const [, isEnd, tag = '', isEmpty] of xml.matchAll(/<(\/?)([A-Za-z]\w*)(?:\s[^>]*?)?(\/?)>/g)) {
    if (isEnd) expect(open.pop()).toBe(tag)
    else if (!isEmpty) open.push(tag)
  }
  expect(open).toEqual([])
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) =>
    text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code)),
  )
}

describe('the unit of systemd', () => {
  it('starts what was meant, word for word, whatever the folders are called', () => {
    const { text } = render('systemd')
    const [line = ''] = valuesOf(text, 'ExecStart')
    expect(splitCommandLine(line)).toEqual([plan.nodePath, plan.programPath, 'serve', ...plan.flags])
    const [variable = ''] = valuesOf(text, 'Environment')
    expect(splitCommandLine(variable)).toEqual([`BUS_DATABASE_URL=sqlite:${plan.databasePath}`])
    expect(valuesOf(text, 'EnvironmentFile')).toEqual(['-/home/ada/da ta & 50%% $x/bus.env'])
    expect(valuesOf(text, 'ReadWritePaths')).toEqual(['"/home/ada/da ta & 50%% $x"'])
  })

  it('lets the database be named by a flag, and keeps nothing for one in memory', () => {
    const flags = ['--database-url=sqlite:/srv/bus/bus.db']
    const named = render('systemd', { flags, databasePath: '/srv/bus/bus.db' }).text
    expect(valuesOf(named, 'Environment')).toEqual([])
    expect(valuesOf(named, 'ReadWritePaths')).toEqual(['"/srv/bus"'])
    const none = render('systemd', { flags: ['--database-url=sqlite::memory:'], databasePath: undefined }).text
    expect(valuesOf(none, 'ReadWritePaths')).toEqual([])
  })

  it('lets it make its socket where that is to be', () => {
    const flags = ['--listen=unix:/run/user/1000/bus.sock']
    const { text } = render('systemd', {
      flags,
      socketPath: '/run/user/1000/bus.sock',
      databasePath: '/srv/bus/bus.db',
    })
    expect(valuesOf(text, 'ReadWritePaths')).toEqual(['"/srv/bus" "/run/user/1000"'])
    const beside = render('systemd', { flags, socketPath: '/srv/bus/bus.sock', databasePath: '/srv/bus/bus.db' }).text
    expect(valuesOf(beside, 'ReadWritePaths')).toEqual(['"/srv/bus"'])
  })

  it('is confined, has time to end, and comes back unless a setting cannot be used', () => {
    const user = render('systemd').text
    const system = render('systemd', { scope: 'system' }).text
    for (const text of [user, system]) {
      for (const line of [
        'NoNewPrivileges=yes',
        'ProtectSystem=strict',
        'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX',
        'SystemCallFilter=@system-service',
        'MemoryMax=1G',
        'LimitNOFILE=65536',
        'UMask=0077',
        'Restart=always',
        'RestartPreventExitStatus=2 65',
      ]) {
        expect(text.split('\n')).toContain(line)
      }
      expect(Number(valuesOf(text, 'TimeoutStopSec')[0])).toBeGreaterThan(10)
    }
    expect(valuesOf(user, 'ProtectHome')).toEqual(['read-only'])
    expect(valuesOf(user, 'CapabilityBoundingSet')).toEqual([])
    for (const line of ['DynamicUser=yes', 'StateDirectory=bus-mcp', 'ProtectHome=yes', 'CapabilityBoundingSet=']) {
      expect(system.split('\n')).toContain(line)
    }
    expect(valuesOf(system, 'Environment')).toEqual(['BUS_DATABASE_URL=sqlite:/var/lib/bus-mcp/bus.db'])
  })

  it.each<[string, Partial<ServicePlan>]>([
    ['a service of the system reads no home', { scope: 'system', nodePath: '/home/ada/.nvm/node' }],
    [
      'a service of the system keeps its database in /var/lib/bus-mcp',
      { scope: 'system', databasePath: '/srv/bus.db' },
    ],
    ['systemd starts no program with a quote in its path', { nodePath: "/opt/it's/node" }],
    ['has both kinds of quotes in it', { databasePath: `/srv/'"/bus.db` }],
    ['nobody else could connect to its socket', { scope: 'system', socketPath: '/run/bus.sock' }],
    ['a service sees nothing of what is in /tmp, as /tmp/bus.db is', { databasePath: '/tmp/bus.db' }],
    ['as /var/tmp/bus.sock is', { socketPath: '/var/tmp/bus.sock' }],
    ['as /tmp/x/dist/main.js is', { programPath: '/tmp/x/dist/main.js' }],
    ['leave --log-file out', { logFile: '/var/log/bus.log' }],
    [
      'runs on Linux, and C:\\Program Files\\nodejs\\node.exe is of Windows: type the command on the machine where it is to run',
      { nodePath: 'C:\\Program Files\\nodejs\\node.exe', databasePath: 'D:\\bus\\bus.db', logFile: 'D:\\bus\\bus.log' },
    ],
    ['and D:\\bus\\bus.db is of Windows', { databasePath: 'D:\\bus\\bus.db' }],
    ['has a control character in it', { programPath: '/opt/a\nExecStartPre=/bin/evil' }],
  ])('is refused: %s', (said, changed) => {
    expect(() => render('systemd', changed)).toThrow(said)
  })

  describe.skipIf(!has('systemd-analyze', '--version'))('read by systemd', () => {
    // It looks whether the program is there. Node itself may be in a home or below /tmp, where a service sees nothing.
    const nodePath = '/bin/sh'
    const verify = (text: string) => {
      const file = writeTemp('bus-mcp.service', text)
      const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })
      return `${stdout}${stderr}`.split('\n').filter((line) => /bus-mcp/.test(line))
    }

    it('has no key or value that it does not know', () => {
      expect(verify(render('systemd', { nodePath }).text)).toEqual([])
      expect(verify(render('systemd', { nodePath, scope: 'system' }).text)).toEqual([])
    })

    it.each([
      ['ProtectSystem=', 'ProtectSysten='],
      ['@system-service', '@no-such-group'],
      ['MemoryMax=1G', 'MemoryMax=much'],
      [nodePath, '/no/such/node'],
    ])('is told when %s is %s', (found, planted) => {
      expect(verify(render('systemd', { nodePath }).text.replace(found, planted))).not.toEqual([])
    })

    it('exposes little as a service of the system: at most 1.5 of 10', () => {
      const file = writeTemp('bus-mcp.service', render('systemd', { scope: 'system' }).text)
      const score = (unit: string) =>
        spawnSync('systemd-analyze', ['security', '--offline=yes', '--threshold=15', unit]).status
      expect(score(file)).toBe(0)
      expect(score(writeTemp('bus-mcp.service', render('systemd').text))).not.toBe(0)
    })
  })
})

describe('the agent of launchd', () => {
  const words = [plan.nodePath, '--env-file=/home/ada/da ta & 50% $x/bus.env', plan.programPath, 'serve', ...plan.flags]

  it('starts what was meant, word for word', () => {
    const { text } = render('launchd')
    const log = '/home/ada/da ta & 50% $x/bus.log'
    const strings = readElements(text.replace(/<!--.*?-->|<[?!].*/g, ''), 'string')
    expect(strings).toEqual(['bus-mcp', ...words, plan.folder, log, log])
    expect(text).toMatch(/^[\x20-\x7e\n]+$/)
  })

  it.skipIf(!has('python3', '-c', 'import plistlib'))('is a property list, read by somebody else', () => {
    const file = writeTemp('bus-mcp.plist', render('launchd', { logFile: '/tmp/a&b.log' }).text)
    const script = 'import json,plistlib,sys; print(json.dumps(plistlib.load(open(sys.argv[1],"rb"))))'
    expect(JSON.parse(execFileSync('python3', ['-c', script, file], { encoding: 'utf8' }))).toMatchObject({
      Label: 'bus-mcp',
      ProgramArguments: words,
      KeepAlive: true,
      RunAtLoad: true,
      Umask: 0o077,
      StandardErrorPath: '/tmp/a&b.log',
    })
    expect(spawnSync('python3', ['-c', script, writeTemp('broken.plist', '<plist><dict></plist>')]).status).not.toBe(0)
  })

  it.skipIf(process.platform !== 'darwin')('is a property list for plutil', () => {
    execFileSync('plutil', ['-lint', writeTemp('bus-mcp.plist', render('launchd').text)])
  })
})

describe('the task of Windows', () => {
  const paths = {
    nodePath: 'C:\\Program Files\\nodejs\\node.exe',
    programPath: 'C:\\Users\\Zoë & Co\\100% sure\\dist\\main.js',
    folder: 'C:\\Users\\Zoë & Co\\AppData\\Local\\bus-mcp',
  }

  it('starts what was meant, word for word, for its user, without a window and for ever', () => {
    const { text } = render('windows', { ...paths, logFile: 'D:\\logs of mine\\bus.log' })
    expect(readElements(text, 'Command')).toEqual([paths.nodePath])
    const [words = ''] = readElements(text, 'Arguments')
    expect(splitForWindows(words)).toEqual([
      `--env-file=${win32.join(paths.folder, 'bus.env')}`,
      paths.programPath,
      'service',
      'run',
      '--log-file=D:\\logs of mine\\bus.log',
      ...plan.flags,
    ])
    expect(readElements(text, 'UserId')).toEqual([plan.user, plan.user])
    expect(readElements(text, 'LogonType')).toEqual(['S4U'])
    expect(readElements(text, 'ExecutionTimeLimit')).toEqual(['PT0S'])
    // Begun again within a minute whatever it ended with: at the logon and at the registration.
    expect(readElements(text, 'MultipleInstancesPolicy')).toEqual(['IgnoreNew'])
    expect(text.match(/<Repetition>\s*<Interval>PT1M</g)).toHaveLength(2)
    expect(text).toMatch(/^[\x20-\x7e\n]+$/)
  })

  it.skipIf(!has('python3', '-c', 'import xml.dom.minidom'))('is XML, read by somebody else', () => {
    const script =
      'import sys,xml.dom.minidom as m; print(m.parse(sys.argv[1]).getElementsByTagName("Command")[0].firstChild.data)'
    const file = writeTemp('bus-mcp.xml', render('windows', paths).text)
    expect(execFileSync('python3', ['-c', script, file], { encoding: 'utf8' }).trim()).toBe(paths.nodePath)
  })

  it('is refused when Windows would put the value of a variable into a path', () => {
    expect(() => render('windows', { ...paths, programPath: 'C:\\%USERNAME%\\main.js' })).toThrow(
      'has a variable in it',
    )
  })

  it('has words that come out as they went in', () => {
    expect(quoteForWindows('C:\\a b\\')).toBe('"C:\\a b\\\\"')
    const word = fc.string({ unit: fc.constantFrom('a', ' ', '"', '\\', '&', '%', 'é'), minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
        expect(splitForWindows(words.map(quoteForWindows).join(' '))).toEqual(words)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a service', () => {
  it.each(['systemd', 'launchd', 'windows'])(
    'of %s never has a secret in its file, and says where one goes',
    (system) => {
      const { text, advice } = render(system)
      expect(text).not.toContain('BUS_WRITE_SECRET')
      expect(text).toContain('bus.env')
      expect(advice).toContain('BUS_WRITE_SECRET')
    },
  )

  it('is of a system that is known, and of the system as a whole only with systemd', () => {
    for (const system of ['upstart', 'toString']) expect(() => render(system)).toThrow('name one system')
    for (const system of ['launchd', 'windows'])
      expect(() => render(system, { scope: 'system' })).toThrow('systemd alone')
  })
})
