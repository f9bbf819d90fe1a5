import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface BusProcess {
  readonly apiUrl: string
  stop(): Promise<void>
}

/** Starts the built bus as a process of its own, on a free port. */
export async function startBusProcess(flags: readonly string[]): Promise<BusProcess> {
  const { origin, stop } = await startProcess([
    join(import.meta.dirname, '../../dist/main.js'),
    'serve',
    '--port',
    '0',
    ...flags,
  ])
  return { apiUrl: `${origin}/api/bus`, stop }
}

/** Starts a server that says where it listens, and how to stop it. */
export async function startProcess(args: readonly string[]): Promise<{ origin: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  child.stdout.setEncoding('utf8')
  let text = ''
  while (!text.includes('Ctrl-C')) {
    const [chunk] = await Promise.race([once(child.stdout, 'data'), ended.then(() => [undefined])])
    if (chunk === undefined) throw new Error(`the server ended at once: ${text}`)
    text += chunk
  }
  const origin = /listening on (\S+)/.exec(text)?.[1] ?? ''
  return {
    origin,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}
