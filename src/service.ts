import { homedir, userInfo } from 'node:os'
import { dirname, resolve } from 'node:path'
import { type Environment, type Launch, parseDatabaseUrl, readServiceConfig } from './config.ts'
import { isPostgresUrl } from './core/database.ts'
import { toSocketPath } from './core/wire.ts'
import { asksForHelp, type Flags, parseFlagsAndFile, refuseTwoPlaces } from './flags.ts'
import { serviceSettings } from './service-settings.ts'
import { busSettings, type Setting } from './settings.ts'
import { UsageError } from './surfaces/cli/command.ts'
import { describeSettings } from './surfaces/cli/help.ts'
import { renderService, runLogged, type ServicePlan } from './surfaces/cli/service/index.ts'
import { terminal } from './terminal.ts'

/**
 * Prints the file that makes this system run the bus, and on standard error what to do with it; or, as the file of Windows
 * does, runs the bus with its log in a file.
 *
 * @returns The exit status.
 */
export async function service(rest: readonly string[], { env, programPath }: Launch): Promise<number> {
  if (asksForHelp(rest)) {
    terminal.out(describeSettings('service', Object.values(serviceSettings)))
    return 0
  }
  const { flags, positionals } = parseFlagsAndFile(serviceSettings, rest, 1)
  refuseTwoPlaces(flags)
  // What is set here and now is set in no service; and a flag that the bus would refuse is refused now.
  const { scope, logFile, listen } = readServiceConfig({ env: {}, flags })
  const [named] = positionals
  if (named === 'run') {
    if (logFile === undefined) throw new UsageError('name the file of the log, as in --log-file bus.log')
    return runLogged(programPath, toServeFlags(flags), resolve(logFile))
  }
  const { text, advice } = renderService(named, {
    nodePath: process.execPath,
    programPath,
    flags: toServeFlags(flags),
    scope,
    folder: dirname(parseDatabaseUrl(undefined, env)),
    databasePath: findDatabaseFile(flags['database-url'], env),
    socketPath: listen && resolve(listen),
    logFile: logFile && resolve(logFile),
    home: homedir(),
    user: nameUser(env),
  } satisfies ServicePlan)
  terminal.out(text)
  terminal.err(advice)
  if (/[\\/]_npx[\\/]/.test(programPath)) {
    terminal.err(
      'The program is in the cache of npm, which may be emptied: "npm i -g bus-mcp", then this again, keeps it.',
    )
  }
  return 0
}

/** The flags of the bus as it gets them, each in one word. The folder of a service is not the one where it was typed. */
function toServeFlags(flags: Flags): string[] {
  return Object.values<Setting>(busSettings).flatMap(({ flag, isSwitch }) => {
    const value = flag === undefined ? undefined : flags[flag]
    if (value === undefined) return []
    return [isSwitch ? `--${flag}` : `--${flag}=${toServeValue(flag, value)}`]
  })
}

function toServeValue(flag: string | undefined, value: string): string {
  switch (flag) {
    case busSettings.databaseUrl.flag:
      return toDatabaseUrl(value)
    case busSettings.listen.flag:
      return value.startsWith('unix:') ? `unix:${resolve(toSocketPath(value) ?? '')}` : value
    default:
      return value
  }
}

function toDatabaseUrl(url: string): string {
  if (isPostgresUrl(url)) {
    throw new UsageError('the URL of a server is a secret: set it as BUS_DATABASE_URL in the file of variables instead')
  }
  const path = parseDatabaseUrl(url, {})
  return path === ':memory:' ? url : `sqlite:${resolve(path)}`
}

function findDatabaseFile(url: string | undefined, env: Environment): string | undefined {
  const path = parseDatabaseUrl(url, env)
  return path === ':memory:' ? undefined : resolve(path)
}

function nameUser({ USERDOMAIN, USERNAME }: Environment): string {
  const name = USERNAME || userInfo().username
  return USERDOMAIN ? `${USERDOMAIN}\\${name}` : name
}
