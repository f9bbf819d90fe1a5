import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, onTestFinished } from 'vitest'
import { initialize } from './json-rpc.ts'
import { type Fields, toFields } from './mcp.ts'
import { cleanEnvironment, collect, MAIN } from './process.ts'

/** The MCP server as a process, without a client between it and the test. Killed after the test. */
export function startRawServer(env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [MAIN], { env: cleanEnvironment(env) })
  const closed = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await closed
  })
  // A server that is gone is what some tests are about.
  child.stdin.on('error', () => {})
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    child,
    write: (line: string) => child.stdin.write(`${line}\n`),
    send: (message: unknown) => child.stdin.write(`${JSON.stringify(message)}\n`),
    end: () => child.stdin.end(),
    /** The next line of standard output, as the JSON-RPC message that it has to be. */
    read: async (): Promise<Fields> => {
      const { value } = await lines.next()
      return toFields(JSON.parse(String(value)))
    },
    exitCode: async (): Promise<number | null> => {
      await closed
      return child.exitCode
    },
    stdout,
    stderr,
  }
}

/** Starts the server, and shakes hands as a client of 2025 does. */
export async function startInitializedServer(env: Record<string, string> = {}) {
  const server = startRawServer(env)
  server.send(initialize('2025-06-18'))
  expect(await server.read()).toMatchObject({ id: 'first', result: { protocolVersion: '2025-06-18' } })
  server.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
  return server
}
