import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** An MCP server as a process, asked by lines: the least that a client can do. */
export interface RawStdio {
  /** Resolves with the whole line of the answer; rejects when the tool or the protocol refuses. */
  call(tool: string, args: object): Promise<string>
  stop(): Promise<void>
}

export async function startRawStdio(file: string, env: Readonly<Record<string, string>> = {}): Promise<RawStdio> {
  const child = spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } })
  const ended = once(child, 'exit')
  let pending: { done(line: string): void; fail(error: Error): void } | undefined
  let text = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (chunk: string) => {
    text += chunk
    const end = text.indexOf('\n')
    if (end === -1) return
    const line = text.slice(0, end)
    text = text.slice(end + 1)
    // One question is under way at a time; what is no answer to it is a notification.
    if (line.includes('"method"')) return
    if (/"isError":true|"error":\{"code"/.test(line)) pending?.fail(new Error(line))
    else pending?.done(line)
  })
  child.on('exit', () => pending?.fail(new Error('the server ended')))
  let id = 0
  const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  const ask = (method: string, params: object) =>
    new Promise<string>((done, fail) => {
      pending = { done, fail }
      send({ id: id++, method, params })
    })
  const clientInfo = { name: 'bench', version: '1.0.0' }
  await ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo })
  send({ method: 'notifications/initialized' })
  return {
    call: (tool, args) => ask('tools/call', { name: tool, arguments: args }),
    stop: async () => {
      child.stdin.end()
      await ended
    },
  }
}
