import { backUpDatabase } from './backup.ts'
import { type Launch, parseDatabaseUrl, readBusConfig } from './config.ts'
import { AppError, startError } from './core/errors.ts'
import { asksForHelp, parseFlags, parseFlagsAndFile } from './flags.ts'
import { checkDatabase, RESTORE_ADVICE } from './inspect.ts'
import { fileSettings } from './settings.ts'
import { describeFinding } from './surfaces/cli/findings.ts'
import { describeSettings } from './surfaces/cli/help.ts'
import { terminal } from './terminal.ts'

/** Looks at a database, and says what it finds, a line for each look. */
export async function check(rest: readonly string[], { env }: Launch): Promise<void> {
  if (asksForHelp(rest)) return terminal.out(describeSettings('check', Object.values(fileSettings)))
  const { databaseUrl } = readBusConfig({ env, flags: parseFlags(fileSettings, rest) })
  let looks = 0
  const wrong = await checkDatabase(parseDatabaseUrl(databaseUrl, env), (finding) => {
    looks += 1
    terminal.out(describeFinding(finding))
  })
  if (wrong.length > 0) {
    throw startError(
      'database_inconsistent',
      `${wrong.length} of ${looks} looks found something wrong -- ${RESTORE_ADVICE}`,
    )
  }
  terminal.out(`${looks} looks, all is well`)
}

/** Copies a database into a new file, and says in one line what is in it. */
export async function backup(rest: readonly string[], { env }: Launch): Promise<void> {
  if (asksForHelp(rest)) return terminal.out(describeSettings('backup', Object.values(fileSettings)))
  const { flags, positionals } = parseFlagsAndFile(fileSettings, rest, 1)
  const [target] = positionals
  if (target === undefined)
    throw new AppError('invalid', 'invalid_request', 'name the file, as in: bus-mcp backup bus-backup.db')
  const { databaseUrl } = readBusConfig({ env, flags })
  const { rows, bytes, looks } = await backUpDatabase(parseDatabaseUrl(databaseUrl, env), target)
  terminal.out(
    rows === undefined
      ? `${target}: ${bytes} bytes; the file is whole, and its tables are of an older bus-mcp, so no more was looked at`
      : `${target}: ${rows} messages, lanes and events, ${bytes} bytes; ${looks} looks, all is well`,
  )
}
