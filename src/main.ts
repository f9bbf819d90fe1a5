#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { createClient, operations, startBus, startDemo, startStdio } from './app.ts'
import {
  type BusConfig,
  busSettings,
  type ClientConfig,
  clientSettings,
  namePerson,
  nameSession,
  parseDatabaseUrl,
  placeSettings,
  readBusConfig,
  readClientConfig,
  readProcess,
  type Setting,
  VERSION,
} from './config.ts'
import { AppError, errorKinds } from './core/errors.ts'
import { createLog } from './log.ts'
import { exportDatabase, importDatabase, migrateDatabase } from './move.ts'
import { runCommand } from './surfaces/cli/cli.ts'
import { describeFlagError, UsageError } from './surfaces/cli/command.ts'
import { runDoctor } from './surfaces/cli/doctor.ts'
import { toExitCode } from './surfaces/cli/exit-code.ts'
import { openInput, openOutput } from './surfaces/cli/files.ts'
import { describeBus, describeDemo } from './surfaces/cli/greeting.ts'
import { describeProgram, describeSettings } from './surfaces/cli/help.ts'
import { runInLane } from './surfaces/cli/run.ts'
import { describeRun, parseRun } from './surfaces/cli/run-flags.ts'
import { top } from './surfaces/cli/top.ts'
import { describeTop, parseTop } from './surfaces/cli/top-flags.ts'
import { describeWatch, parseWatch, watch } from './surfaces/cli/watch.ts'

type Flags = Readonly<Record<string, string | undefined>>

const { args, env, programPath } = readProcess()
const terminal = {
  out: (text: string) => console.log(text),
  err: (text: string) => console.error(text),
  readInput: async () => {
    process.stdin.setEncoding('utf8')
    let text = ''
    for await (const chunk of process.stdin) text += chunk
    return text
  },
}
// Standard output belongs to the protocol in the MCP server, and to answers elsewhere.
const log = createLog(terminal.err)

/** What has to be done before the process may end. */
let finish = async () => {}

// A reader that went away (as in `bus-mcp read | head`) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  void finish().finally(() => process.exit(error.code === 'EPIPE' ? 0 : 70))
})

run(args).catch((error: unknown) => {
  if (error instanceof AppError) terminal.err(`bus-mcp: ${error.message}`)
  else log.error('bus-mcp failed', error)
  process.exitCode = error instanceof AppError ? errorKinds[error.kind].exitCode : errorKinds.internal.exitCode
})

async function run([command, ...rest]: string[]): Promise<void> {
  switch (command) {
    case undefined:
      return serveTools({})
    case 'serve':
      return serve(rest)
    case 'tools':
      for (const { tool } of operations) if (tool) terminal.out(tool.name)
      return
    case 'run':
      return runWithLane(rest)
    case 'migrate':
    case 'export':
    case 'import':
      return move(command, rest)
    case 'watch':
      return watchBus(rest)
    case 'top':
      return showTop(rest)
    case 'doctor':
      return doctor(rest)
    case 'version':
    case '--version':
    case '-v':
      return terminal.out(VERSION)
    case 'help':
    case '--help':
    case '-h':
      if (rest[0] !== undefined && !rest[0].startsWith('-')) return run([rest[0], '--help'])
      return terminal.out(describeProgram(operations, VERSION))
    default:
      return runOperation(command, rest)
  }
}

async function runOperation(command: string, rest: readonly string[]): Promise<void> {
  if (command.startsWith('--')) return serveTools(parseFlags(clientSettings, [command, ...rest]))
  const exitCode = await runCommand(
    {
      operations,
      terminal,
      connectionFlags: flagNames(clientSettings),
      connect: (flags) => {
        const config = readClient(flags)
        const { agentId = namePerson(env), session } = config
        return { client: createClient(config), agentId, session }
      },
    },
    command,
    rest,
  )
  if (exitCode === undefined) {
    throw new AppError('invalid', 'invalid_request', `no command ${command} -- "bus-mcp help" lists them`)
  }
  process.exitCode = exitCode
}

async function runWithLane(rest: readonly string[]): Promise<void> {
  const separator = rest.indexOf('--')
  const typed = separator === -1 ? rest : rest.slice(0, separator)
  if (asksForHelp(typed)) return terminal.out(describeRun(flagNames(clientSettings)))
  await endWith('run', 'lanes.claim', async () => {
    const { connection, ...options } = parseRun(typed, flagNames(clientSettings))
    const config = readClient(connection)
    return runInLane({
      ...options,
      client: createClient(config),
      owner: config.agentId ?? namePerson(env),
      command: separator === -1 ? [] : rest.slice(separator + 1),
      env,
      say: terminal.err,
    })
  })
}

async function watchBus(rest: readonly string[]): Promise<void> {
  if (asksForHelp(rest)) return terminal.out(describeWatch(flagNames(clientSettings)))
  const interrupt = new AbortController()
  process.once('SIGINT', () => interrupt.abort())
  await endWith('watch', 'events.read', async () => {
    const { connection, ...options } = parseWatch(rest, flagNames(clientSettings))
    const client = createClient(readClient(connection))
    await watch({ ...options, client, out: terminal.out, say: terminal.err, signal: interrupt.signal })
    return 0
  })
}

async function showTop(rest: readonly string[]): Promise<void> {
  if (asksForHelp(rest)) return terminal.out(describeTop(flagNames(clientSettings)))
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => interrupt.abort())
  await endWith('top', 'status.get', async () => {
    const { connection, ...options } = parseTop(rest, flagNames(clientSettings))
    const config = readClient(connection)
    await top({
      ...options,
      client: createClient(config),
      baseUrl: config.baseUrl,
      input: process.stdin,
      output: process.stdout,
      isCapable: env.TERM !== 'dumb',
      mayColour: !env.NO_COLOR,
      signal: interrupt.signal,
    })
    return 0
  })
}

/** Runs a command of its own; what it fails with is one line for the person, and the exit status for the script. */
async function endWith(name: string, operationId: string, carryOut: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await carryOut()
  } catch (error) {
    if (error instanceof AppError) throw error
    terminal.err(`bus-mcp ${name}: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = toExitCode(
      error,
      operations.find(({ id }) => id === operationId),
    )
  }
}

async function serveTools(flags: Flags): Promise<void> {
  const config = readClient(flags)
  if (process.stdin.isTTY) {
    terminal.err('bus-mcp speaks MCP here and waits for a client; "bus-mcp help" lists what a person can type.')
  }
  const server = startStdio(config, config.agentId ?? nameSession(), log)
  finish = server.close
  await Promise.race([server.ended, stopOnSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], server.close)])
}

async function serve(rest: readonly string[]): Promise<void> {
  if (asksForHelp(rest)) return terminal.out(describeSettings('serve', Object.values(busSettings)))
  const config: BusConfig = readBusConfig({ env, flags: parseFlags(busSettings, rest) })
  if (config.demo) return serveDemo(config)
  const databasePlace = parseDatabaseUrl(config.databaseUrl, env)
  const bus = await startBus({ ...config, databasePlace, log })
  // Before it says that it is there, so that it can be told to end from then on.
  const ended = stopOnSignal(['SIGINT', 'SIGTERM'], bus.close)
  const isArmed = config.writeSecret !== undefined
  terminal.out(describeBus({ ...bus, version: VERSION, databasePlace, isArmed, programPath }))
  await ended
}

async function serveDemo(config: BusConfig): Promise<void> {
  if (config.databaseUrl !== undefined) {
    throw new AppError(
      'invalid',
      'invalid_request',
      '--demo keeps everything in memory and never writes into the database of a real bus: leave --database-url and BUS_DATABASE_URL out',
    )
  }
  const bus = await startDemo({ ...config, log })
  const ended = stopOnSignal(['SIGINT', 'SIGTERM'], bus.close)
  terminal.out(describeDemo({ ...bus, version: VERSION, isArmed: config.writeSecret !== undefined, programPath }))
  await ended
}

/** The commands that work on a database instead of a bus. */
async function move(command: 'migrate' | 'export' | 'import', rest: readonly string[]): Promise<void> {
  if (asksForHelp(rest)) return terminal.out(describeSettings(command, Object.values(placeSettings)))
  const [path, flags] = rest[0]?.startsWith('-') === false ? [rest[0], rest.slice(1)] : [undefined, rest]
  const config = readBusConfig({ env, flags: parseFlags(placeSettings, flags) })
  const place = { place: parseDatabaseUrl(config.databaseUrl, env), allowUnsafe: config.allowUnsafeDurability }
  try {
    if (command === 'export') {
      const output = await openOutput(path)
      const rows = await exportDatabase(place, output.write)
      await output.end()
      return terminal.err(`bus-mcp export: ${rows} rows`)
    }
    if (command === 'migrate') {
      await migrateDatabase(place)
      return terminal.out('the database is up to date')
    }
    if (path === undefined) throw new UsageError('name the file, as in: bus-mcp import bus.jsonl')
    terminal.out(`${await importDatabase(place, await openInput(path))} rows`)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    terminal.err(`bus-mcp ${command}: ${error.message}`)
    process.exitCode = errorKinds.invalid.exitCode
  }
}

async function doctor(rest: readonly string[]): Promise<void> {
  if (asksForHelp(rest)) return terminal.out(describeSettings('doctor', Object.values(clientSettings)))
  const config = readClient(parseFlags(clientSettings, rest))
  process.exitCode = await runDoctor({
    client: createClient(config),
    baseUrl: config.baseUrl,
    version: VERSION,
    hasSecret: config.writeSecret !== undefined,
    agentId: config.agentId ?? namePerson(env),
    programPath,
    out: terminal.out,
  })
}

function readClient(flags: Flags): ClientConfig {
  return readClientConfig({ env, flags }, (problem) => terminal.err(`bus-mcp: ${problem}`))
}

/** Resolves when a signal has come and everything has ended; a second signal ends at once. */
async function stopOnSignal(signals: readonly NodeJS.Signals[], close: () => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of signals) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1))
        resolve()
      })
    }
  })
  await close()
}

function parseFlags(settings: Readonly<Record<string, Setting>>, rest: readonly string[]): Flags {
  const options = Object.values(settings).flatMap(({ flag, isSwitch }) =>
    flag === undefined ? [] : [[flag, { type: isSwitch ? ('boolean' as const) : ('string' as const) }] as const],
  )
  try {
    const { values } = parseArgs({ args: [...rest], options: Object.fromEntries(options) })
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, value === true ? '1' : String(value)]),
    )
  } catch (error) {
    throw new AppError('invalid', 'invalid_request', describeFlagError(error, flagNames(settings)))
  }
}

function asksForHelp(rest: readonly string[]): boolean {
  return rest.includes('--help') || rest.includes('-h')
}

function flagNames(settings: Readonly<Record<string, Setting>>): string[] {
  return Object.values(settings).flatMap(({ flag }) => (flag === undefined ? [] : [flag]))
}
