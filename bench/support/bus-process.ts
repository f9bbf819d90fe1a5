import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** The built program. */
export const MAIN = join(import.meta.dirname, '../../dist/main.js')

export interface ServerProcess {
  /** As in `http://127.0.0.1:8100`. */
  readonly origin: string
  readonly pid: number
  stop(): Promise<void>
}

export interface BusProcess extends ServerProcess {
  readonly apiUrl: string
  readonly mcpUrl: string
}

/** Starts the built bus as a process of its own, on a free port. */
export async function startBusProcess(flags: readonly string[]): Promise<BusProcess> {
  const server = await startProcess([MAIN, 'serve', '--port', '0', ...flags])
  return { ...server, apiUrl: `${server.origin}/api/bus`, mcpUrl: `${server.origin}/mcp` }
}

/** Starts a server that says where it listens, and how to stop it. */
export async function startProcess(args: readonly string[]): Promise<ServerProcess> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  child.stdout.setEncoding('utf8')
  let text = ''
  while (!text.includes('Ctrl-C')) {
    const [chunk] = await Promise.race([once(child.stdout, 'data'), ended.then(() => [undefined])])
    if (chunk === undefined) throw new Error(`the server ended at once: ${text}`)
    text += chunk
  }
  return {
    origin: /listening on (\S+)/.exec(text)?.[1] ?? '',
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}
