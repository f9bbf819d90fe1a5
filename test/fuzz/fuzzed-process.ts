import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The built program. */
const MAIN = join(import.meta.dirname, '../../dist/main.js')

/** Starts the built program. Its settings are those that are given, and no others. */
export function startProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcessWithoutNullStreams {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('BUS_'))
  return spawn(process.execPath, [MAIN, ...args], { env: { ...Object.fromEntries(inherited), ...env } })
}

export interface FuzzedBus {
  readonly origin: string
  readonly pid: number
  /** What it logged so far; nothing is what it should be. */
  readonly logged: () => string
  /** Ends it, and tells its exit status, as `stop` of every bus in a process. */
  stop(): Promise<number | null>
}

/** Starts a bus of its own process, on a free port. */
export async function startFuzzedBus(databaseUrl = 'sqlite::memory:'): Promise<FuzzedBus> {
  const child = startProgram(['serve', '--port', '0', '--database-url', databaseUrl])
  const closed = once(child, 'close')
  child.stdout.setEncoding('utf8')
  child.stderr.setEncoding('utf8')
  let logged = ''
  child.stderr.on('data', (text: string) => {
    logged += text
  })
  let said = ''
  while (!said.includes('Ctrl-C')) {
    const [text] = await Promise.race([once(child.stdout, 'data'), closed.then(() => [undefined])])
    if (text === undefined) throw new Error(`the bus ended at once: ${logged}`)
    said += text
  }
  return {
    origin: /listening on (\S+)/.exec(said)?.[1] ?? '',
    pid: child.pid ?? 0,
    logged: () => logged,
    stop: async () => {
      child.kill('SIGTERM')
      await closed
      return child.exitCode
    },
  }
}

/** What a bus logged of its own faults: at `/mcp` the SDK also tells what it refused. */
export function listFaults(logged: string): string[] {
  return logged.split('\n').filter((line) => line !== '' && !line.includes('"event":"mcp request"'))
}

export interface Usage {
  readonly memoryMib: number
  readonly descriptors: number
}

/** What a process takes; undefined where the system does not say so in files, as only Linux does. */
export function readUsage(pid: number): Usage | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return { memoryMib: Number(kilobytes) / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length }
  } catch {
    return undefined
  }
}

export function describeUsage(usage: Usage | undefined): string {
  return usage === undefined ? 'not told here' : `${usage.memoryMib.toFixed(1)} MiB, ${usage.descriptors} descriptors`
}
