import { existsSync } from 'node:fs'
import { type Bus, startBus, startDemo } from './app.ts'
import { type BusConfig, type Launch, parseDatabaseUrl, readBusConfig, VERSION } from './config.ts'
import type { Log } from './core/context.ts'
import { isPostgresUrl } from './core/database.ts'
import { AppError, errorKinds } from './core/errors.ts'
import { asksForHelp, parseFlags, parseFlagsAndFile, refuseTwoPlaces, warnOfMisspelt } from './flags.ts'
import { exportDatabase, importDatabase, migrateDatabase } from './move.ts'
import { busSettings, placeSettings } from './settings.ts'
import { UsageError } from './surfaces/cli/command.ts'
import { openInput, openOutput } from './surfaces/cli/files.ts'
import { describeBus, describeDemo } from './surfaces/cli/greeting.ts'
import { describeSettings } from './surfaces/cli/help.ts'
import type { Tracing } from './telemetry/traces.ts'
import { createTerminalLog, stopOnSignal, terminal } from './terminal.ts'

/** Runs a bus until a signal ends it. */
export async function serve(rest: readonly string[], { env, programPath }: Launch): Promise<void> {
  if (asksForHelp(rest)) return terminal.out(describeSettings('serve', Object.values(busSettings)))
  const flags = parseFlags(busSettings, rest)
  refuseTwoPlaces(flags)
  warnOfMisspelt(env)
  const config: BusConfig = readBusConfig({ env, flags })
  if (config.demo) return serveDemo(config, programPath)
  const databasePlace = parseDatabaseUrl(config.databaseUrl, env)
  const log = createTerminalLog(config.logLevel)
  const isNew = databasePlace !== ':memory:' && !isPostgresUrl(databasePlace) && !existsSync(databasePlace)
  const bus = await startBus({ ...config, databasePlace, log, tracing: await createTracing(config, log) })
  // Before it says that it is there, so that it can be told to end from then on.
  const ended = untilEnded(bus)
  const isArmed = config.writeSecret !== undefined
  terminal.out(describeBus({ ...bus, version: VERSION, databasePlace, isNew, isArmed, programPath }))
  await ended
}

/** Behind an import: what it needs is as large as all the rest, and few want it. */
async function createTracing({ traceEndpoint }: BusConfig, log: Log): Promise<Tracing | undefined> {
  if (traceEndpoint === undefined) return undefined
  const traces = await import('./telemetry/traces.ts')
  return traces.createTracing(VERSION, log)
}

async function serveDemo(config: BusConfig, programPath: string): Promise<void> {
  if (config.databaseUrl !== undefined) {
    throw new AppError(
      'invalid',
      'invalid_request',
      '--demo keeps everything in memory and never writes into the database of a real bus: leave --database-url and BUS_DATABASE_URL out',
    )
  }
  const bus = await startDemo({ ...config, log: createTerminalLog(config.logLevel) })
  const ended = untilEnded(bus)
  terminal.out(describeDemo({ ...bus, version: VERSION, isArmed: config.writeSecret !== undefined, programPath }))
  await ended
}

/** Says that it ends, and when it has: whoever typed Ctrl-C sees what it waits for, and a log has both. */
async function untilEnded({ close }: Pick<Bus, 'close'>): Promise<void> {
  await stopOnSignal(['SIGINT', 'SIGTERM'], () => {
    terminal.out('\nending: whoever waits is answered, and requests under way have 10 s; once more ends at once')
    return close()
  })
  terminal.out('ended')
}

/** The commands that work on a database instead of a bus. */
export async function move(
  command: 'migrate' | 'export' | 'import',
  rest: readonly string[],
  { env }: Launch,
): Promise<void> {
  if (asksForHelp(rest)) return terminal.out(describeSettings(command, Object.values(placeSettings)))
  const { flags, positionals } = parseFlagsAndFile(placeSettings, rest, command === 'migrate' ? 0 : 1)
  const [path] = positionals
  const config = readBusConfig({ env, flags })
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
