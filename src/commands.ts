import { type Launch, namePerson, VERSION } from './config.ts'
import { createClient, findUnready } from './connection.ts'
import { AppError } from './core/errors.ts'
import { asksForHelp, flagNames, parseFlags, readClient, readMcp } from './flags.ts'
import { listTools, operations } from './product.ts'
import { clientSettings, mcpSettings, toolSettings } from './settings.ts'
import { runCommand } from './surfaces/cli/cli.ts'
import { runDoctor } from './surfaces/cli/doctor.ts'
import { toExitCode } from './surfaces/cli/exit-code.ts'
import { adviseOnCommand, describeProgram, describeSettings } from './surfaces/cli/help.ts'
import { findProblem } from './surfaces/cli/look.ts'
import { runInLane } from './surfaces/cli/run.ts'
import { describeRun, parseRun, splitCommand } from './surfaces/cli/run-flags.ts'
import { top } from './surfaces/cli/top.ts'
import { describeTop, parseTop } from './surfaces/cli/top-flags.ts'
import { describeWatch, parseWatch, watch } from './surfaces/cli/watch.ts'
import { tellFailure, terminal } from './terminal.ts'

/** Runs what a person or a script typed, says what it failed with, and sets the exit status. */
export function runCommandLine(command: string, rest: readonly string[], launch: Launch): Promise<void> {
  // Here and not in the bin, which is another bundle: an error is one of its own classes only where it was made.
  return run(command, rest, launch).catch(tellFailure)
}

async function run(command: string, rest: readonly string[], launch: Launch): Promise<void> {
  switch (command) {
    case 'serve':
      return (await import('./serve.ts')).serve(rest, launch)
    case 'tools':
      return printTools(rest, launch)
    case 'run':
      return runWithLane(rest, launch)
    case 'migrate':
    case 'export':
    case 'import':
      return (await import('./serve.ts')).move(command, rest, launch)
    case 'backup':
    case 'check':
      return (await import('./maintain.ts'))[command](rest, launch)
    case 'watch':
      return watchBus(rest, launch)
    case 'top':
      return showTop(rest, launch)
    case 'hook':
      return answerHook(rest, launch)
    case 'doctor':
      return doctor(rest, launch)
    case 'connect':
      return connectClient(rest, launch)
    case 'service':
      return endWith('service', undefined, async () => (await import('./service.ts')).service(rest, launch))
    case 'completion':
      return complete(rest)
    case 'version':
    case '--version':
    case '-v':
      return terminal.out(VERSION)
    case 'help':
    case '--help':
    case '-h':
      if (rest[0] !== undefined && !rest[0].startsWith('-')) {
        return run(rest[0], ['--help'], launch)
      }
      return terminal.out(describeProgram(operations, VERSION))
    default:
      return runOperation(command, rest, launch)
  }
}

async function printTools(rest: readonly string[], { env }: Launch): Promise<void> {
  if (asksForHelp(rest)) return terminal.out(describeSettings('tools', Object.values(toolSettings)))
  const names = listTools(readMcp(env, parseFlags(mcpSettings, rest)), (problem) => {
    terminal.err(`bus-mcp tools: ${problem}`)
  })
  for (const name of names) terminal.out(name)
}

async function runOperation(command: string, rest: readonly string[], { env }: Launch): Promise<void> {
  const exitCode = await runCommand(
    {
      operations,
      terminal,
      connectionFlags: flagNames(clientSettings),
      connect: (flags) => {
        const config = readClient(env, flags)
        const { agentId = namePerson(env), session } = config
        return { client: createClient(config), agentId, session }
      },
    },
    command,
    rest,
  )
  if (exitCode === undefined) {
    throw new AppError('invalid', 'invalid_request', `no command ${command} -- ${adviseOnCommand(command, operations)}`)
  }
  process.exitCode = exitCode
}

async function runWithLane(rest: readonly string[], { env }: Launch): Promise<void> {
  const { flags, command } = splitCommand(rest)
  if (asksForHelp(flags)) return terminal.out(describeRun(flagNames(clientSettings)))
  await endWith('run', 'lanes.claim', async () => {
    const { connection, ...options } = parseRun(flags, flagNames(clientSettings))
    const config = readClient(env, connection)
    return runInLane({
      ...options,
      client: createClient(config),
      owner: config.agentId ?? namePerson(env),
      command,
      env,
      say: terminal.err,
    })
  })
}

async function answerHook(rest: readonly string[], { env }: Launch): Promise<void> {
  const { describeHook, parseHook, runHook } = await import('./surfaces/cli/hook/index.ts')
  if (asksForHelp(rest)) return terminal.out(describeHook(flagNames(clientSettings)))
  try {
    await endWith('hook', 'lanes.get', () => {
      const { connection, ...options } = parseHook(rest, flagNames(clientSettings))
      const config = readClient(env, connection)
      const { baseUrl, agentId, session } = config
      return runHook({ ...options, client: createClient(config), baseUrl, agentId, session, operations, terminal })
    })
  } finally {
    // Whoever keeps our input open must not keep us.
    process.stdin.destroy()
  }
}

async function watchBus(rest: readonly string[], { env }: Launch): Promise<void> {
  if (asksForHelp(rest)) return terminal.out(describeWatch(flagNames(clientSettings)))
  const interrupt = new AbortController()
  process.once('SIGINT', () => interrupt.abort())
  await endWith('watch', 'events.read', async () => {
    const { connection, ...options } = parseWatch(rest, flagNames(clientSettings))
    const client = createClient(readClient(env, connection))
    await watch({ ...options, client, out: terminal.out, say: terminal.err, signal: interrupt.signal })
    return 0
  })
}

async function showTop(rest: readonly string[], { env }: Launch): Promise<void> {
  if (asksForHelp(rest)) return terminal.out(describeTop(flagNames(clientSettings)))
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => interrupt.abort())
  await endWith('top', 'status.get', async () => {
    const { connection, ...options } = parseTop(rest, flagNames(clientSettings))
    const config = readClient(env, connection)
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
async function endWith(name: string, operationId: string | undefined, carryOut: () => Promise<number>): Promise<void> {
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

/** Behind an import: no other command needs the parsers of other programs' files. */
async function connectClient(rest: readonly string[], { env, programPath }: Launch): Promise<void> {
  const { connect, describeConnect, findPlaces, parseConnect } = await import('./surfaces/cli/connect/index.ts')
  if (asksForHelp(rest)) return terminal.out(describeConnect())
  await endWith('connect', undefined, async () => {
    const { connection, client, scope, mayWrite, ...named } = parseConnect(rest)
    const config = readClient(env, connection)
    const { baseUrl } = config
    const hasSecret = config.writeSecret !== undefined
    const target = { ...named, baseUrl, programPath, hasSecret }
    terminal.out(await connect({ client, scope, mayWrite, target, places: findPlaces(env) }))
    const problem = await findProblem(createClient(config), baseUrl, hasSecret)
    if (problem !== undefined) terminal.out(problem)
    return 0
  })
}

async function complete(rest: readonly string[]): Promise<void> {
  const { describeCompletion, printCompletion } = await import('./completion.ts')
  if (asksForHelp(rest)) return terminal.out(describeCompletion())
  await endWith('completion', undefined, async () => {
    terminal.out(printCompletion(rest))
    return 0
  })
}

async function doctor(rest: readonly string[], { env, programPath }: Launch): Promise<void> {
  if (asksForHelp(rest)) return terminal.out(describeSettings('doctor', Object.values(clientSettings)))
  const config = readClient(env, parseFlags(clientSettings, rest))
  process.exitCode = await runDoctor({
    client: createClient(config),
    baseUrl: config.baseUrl,
    version: VERSION,
    hasSecret: config.writeSecret !== undefined,
    agentId: config.agentId ?? namePerson(env),
    programPath,
    findUnready: () => findUnready(config),
    out: terminal.out,
  })
}
