import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** The built program. */
export const MAIN = join(import.meta.dirname, '../../dist/main.js')

export interface Run {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** The environment of the tests without any setting of ours, and with `extra`. */
export function cleanEnvironment(extra: Environment = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('BUS_'))
  return { ...Object.fromEntries(own), ...extra }
}

/** Runs the program to its end; one that does not end is killed after the test. */
export async function runMain(args: readonly string[], env: Environment = {}, input = '', cwd = '.'): Promise<Run> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: cleanEnvironment(env), cwd })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  child.stdin.end(input)
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const [exitCode] = await once(child, 'close')
  return { exitCode, stdout: stdout(), stderr: stderr() }
}

/** The exit code of a bus that was asked to end. Windows has no signal that a process could see: there it is ended at once. */
export const STOPPED = process.platform === 'win32' ? null : 0

export interface BusProcess {
  readonly child: ChildProcess
  readonly origin: string
  readonly apiUrl: string
  readonly stdout: () => string
  readonly stderr: () => string
  /** Ends the process as `kill -9` does, and waits for its end. */
  kill(): Promise<void>
  /** Asks it to end, and waits. Resolves with its exit code, which is `STOPPED` when all is well. */
  stop(): Promise<number | null>
}

/**
 * Starts `bus-mcp serve` as a process of its own; resolves when it is listening. Killed after the test.
 *
 * @param launcher A command that becomes the bus when the bus's own command follows it, as `nice`.
 */
export async function startBusProcess(
  args: readonly string[],
  env: Environment = {},
  launcher: readonly string[] = [],
): Promise<BusProcess> {
  const [command = '', ...rest] = [...launcher, process.execPath, MAIN, 'serve', ...args]
  const child = spawn(command, rest, { env: cleanEnvironment(env) })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const closed = once(child, 'close')
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await closed
    return child.exitCode
  }
  onTestFinished(async () => {
    await end('SIGKILL')
  })
  const origin = await Promise.race([waitForOrigin(child, stdout), closed.then(() => undefined)])
  if (origin === undefined) throw new Error(`the bus ended at once: ${stderr()}`)
  return {
    child,
    origin,
    apiUrl: `${origin}/api/bus`,
    stdout,
    stderr,
    kill: async () => {
      await end('SIGKILL')
    },
    stop: () => end('SIGTERM'),
  }
}

async function waitForOrigin(child: ChildProcess, stdout: () => string): Promise<string> {
  while (true) {
    const origin = /listening on (\S+)/.exec(stdout())?.[1]
    // The whole greeting, so that what is asserted on it is there.
    if (origin !== undefined && stdout().includes('Ctrl-C')) return origin
    if (child.stdout) await once(child.stdout, 'data')
  }
}

export function collect(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}
