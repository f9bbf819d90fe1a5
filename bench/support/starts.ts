import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFreePort } from '../../test/support/free-port.ts'

/** A server that has not answered by then never will. */
const LIMIT_MS = 20_000

/** How long Node takes to begin and end, in milliseconds. */
export async function measureNode(): Promise<number> {
  const startedAt = performance.now()
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit')
  return performance.now() - startedAt
}

/** From the start of the process to its first answer to `GET /healthz`, in milliseconds. */
export async function measureServerStart(toArgs: (port: number) => readonly string[]): Promise<number> {
  const port = await findFreePort()
  const startedAt = performance.now()
  const child = spawn(process.execPath, toArgs(port), { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = once(child, 'exit')
  try {
    while (!(await isAnswered(port))) {
      if (child.exitCode !== null) throw new Error(`the server ended at once with ${child.exitCode}`)
      if (performance.now() - startedAt > LIMIT_MS) throw new Error('the server does not answer')
      await sleep(1)
    }
    return performance.now() - startedAt
  } finally {
    child.kill('SIGTERM')
    await ended
  }
}

/** From the start of an MCP server to its list of tools, as a client asks: spawn, initialize, tools/list. */
export async function measureToolsStart(file: string): Promise<number> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'] })
  const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  const clientInfo = { name: 'bench', version: '1.0.0' }
  send({ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } })
  send({ method: 'notifications/initialized' })
  send({ id: 2, method: 'tools/list' })
  await untilAnswered(child, 2)
  const time = performance.now() - startedAt
  const ended = once(child, 'exit')
  child.stdin.end()
  await ended
  return time
}

/** Makes the system forget which files it has read; false where it cannot be told to. */
export function dropFileCache(): boolean {
  if (process.platform !== 'linux') return false
  try {
    spawnSync('sync')
    writeFileSync('/proc/sys/vm/drop_caches', '3')
    return true
  } catch {
    return false
  }
}

async function untilAnswered({ stdout }: ChildProcess, id: number): Promise<void> {
  if (!stdout) throw new Error('the server has no output')
  for await (const line of createInterface({ input: stdout })) if (JSON.parse(line).id === id) return
  throw new Error('the server ended without an answer')
}

function isAnswered(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const settle = (isThere: boolean) => {
      socket.destroy()
      resolve(isThere)
    }
    socket.on('connect', () => socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n'))
    socket.on('data', (chunk: Buffer) => settle(chunk.toString('latin1', 0, 12) === 'HTTP/1.1 200'))
    socket.on('error', () => settle(false))
    socket.on('close', () => settle(false))
  })
}
