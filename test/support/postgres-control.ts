import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A server whose files are made. */
export interface ServerControl {
  /** Resolves when it takes connections. */
  start(): Promise<void>
  /** Ends it as a crash does, and resolves when it has ended. */
  endAtOnce(): Promise<void>
}

/**
 * The server of Windows, started and ended by `pg_ctl`: it takes away the rights of an administrator, with which PostgreSQL
 * does not run, and it can ask the server to end, where Node could only end the first of its processes.
 *
 * @param files Where its data are, and what is logged.
 */
export function controlByProgram(
  pgCtl: string,
  files: string,
  settings: readonly string[],
  env: Readonly<Record<string, string>>,
): ServerControl {
  const data = join(files, 'data')
  const [said, logged] = [join(files, 'pg_ctl.log'), join(files, 'postgres.log')]
  // As arguments they would go through a shell.
  appendFileSync(join(data, 'postgresql.conf'), `\n${settings.map(toLine).join('\n')}\n`)
  const run = async (...words: readonly string[]) => {
    // No pipes: the server would get them too, and keep them open.
    const output = openSync(said, 'a')
    try {
      const child = spawn(pgCtl, [...words, '-D', data, '-w'], {
        cwd: files,
        env: { ...process.env, ...env },
        stdio: ['ignore', output, output],
      })
      const [exitCode] = await once(child, 'exit')
      if (exitCode === 0) return
      const reasons = [said, logged].map((path) => (existsSync(path) ? readFileSync(path, 'utf8') : ''))
      throw new Error(`pg_ctl ${words[0]} ended with ${exitCode}: ${reasons.join('\n')}`)
    } finally {
      closeSync(output)
    }
  }
  return { start: () => run('start', '-l', logged), endAtOnce: () => run('stop', '-m', 'immediate') }
}

/** `name=value` as a line of `postgresql.conf`. */
function toLine(setting: string): string {
  const [name = '', ...rest] = setting.split('=')
  return `${name} = '${rest.join('=').replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}
