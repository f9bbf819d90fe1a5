import { once } from 'node:events'
import { initialize, modernRequest, request } from '../support/json-rpc.ts'
import { startProgram } from './fuzzed-process.ts'
import type { ListedTool, Piece, StdioCase } from './stdio-cases.ts'

/** How long an answer and an end may take: so long that only a server that hangs takes it. */
const PATIENCE_MS = 15_000

const MIB = 1024 * 1024

/** A server on standard input and output, and what it has to answer yet. */
export interface StdioSession {
  readonly pid: number
  open(opening: StdioCase['opening']): Promise<void>
  write(pieces: readonly Piece[], chunkBytes: number): Promise<void>
  /** Asks once more, and waits until everything that has to be answered is. Throws when it is not, or when anything is wrong. */
  probe(): Promise<void>
  /** Ends the input, and waits for the server's end. Throws when that is no clean one. */
  end(remainder: string): Promise<void>
  kill(): void
  readonly counts: { requests: number; refused: number; lines: number }
  /** Results by the id of their requests, of those that are asked for by {@link listTools}. */
  listTools(): Promise<readonly ListedTool[]>
}

/** @param command What to start; the built program when left out. */
export function startSession(apiUrl: string, start = startProgram, patienceMs = PATIENCE_MS): StdioSession {
  const child = start([], { BUS_MCP_BASE_URL: apiUrl, BUS_MCP_AGENT_ID: 'ann', BUS_MCP_TOOLSETS: 'all' })
  const closed = once(child, 'close')
  const unanswered = new Set<string>()
  const faults: string[] = []
  const counts = { requests: 0, refused: 0, lines: 0 }
  const waiters = new Map<string, (result: unknown) => void>()
  let wake = () => {}
  let stderr = ''
  let rest = ''
  // A server that is gone is what this looks for, and its end tells.
  child.stdin.on('error', () => {})
  child.stdout.setEncoding('utf8')
  child.stderr.setEncoding('utf8')
  child.stderr.on('data', (text: string) => {
    stderr = `${stderr}${text}`.slice(-MIB)
    if (/bus-mcp failed|tool failed|\bwarning\b|heap/i.test(text))
      faults.push(`standard error: ${text.slice(0, 1_000)}`)
  })

  const onLine = (line: string) => {
    counts.lines += 1
    const message = parseMessage(line)
    if (message === undefined) {
      faults.push(`no JSON-RPC on standard output: ${line.slice(0, 300)}`)
      return
    }
    const { id, error, result } = message
    if (error !== undefined || Object(result).isError === true) counts.refused += 1
    if (typeof id !== 'string' || !id.startsWith(OWN)) return
    if (!unanswered.delete(id)) faults.push(`${id} is answered twice`)
    waiters.get(id)?.(result)
    wake()
  }
  child.stdout.on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
  child.on('close', () => wake())

  const nextId = () => {
    counts.requests += 1
    const id = `${OWN}${counts.requests}`
    unanswered.add(id)
    return id
  }
  const send = async (bytes: Buffer, chunkBytes = 65_536) => {
    // What is long would take for ever in small pieces.
    const step = bytes.length > 10_000 ? 65_536 : chunkBytes
    for (let from = 0; from < bytes.length; from += step) {
      if (!child.stdin.write(bytes.subarray(from, from + step)))
        await Promise.race([once(child.stdin, 'drain'), closed])
    }
  }
  const check = () => {
    if (faults.length > 0) throw new Error(faults.join('\n'))
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`the server ended with ${child.exitCode ?? child.signalCode}: ${stderr.slice(-2_000)}`)
    }
  }
  const settle = async () => {
    const until = performance.now() + patienceMs
    while (unanswered.size > 0) {
      check()
      if (performance.now() > until)
        throw new Error(`not answered: ${[...unanswered].slice(0, 9)} of ${counts.requests}`)
      await Promise.race([new Promise<void>((resolve) => (wake = resolve)), delay(1_000)])
    }
    check()
  }
  const sendLine = (message: object) => send(Buffer.from(`${JSON.stringify(message)}\n`))
  return {
    pid: child.pid ?? 0,
    counts,
    open: async (opening) => {
      if (opening === 'legacy') await sendLine(initialize('2025-06-18', nextId()))
      if (opening === 'modern') await sendLine(modernRequest(nextId(), 'server/discover'))
      await settle()
    },
    write: async (pieces, chunkBytes) => {
      for (const piece of pieces) {
        await send(toBytes(piece, nextId), chunkBytes)
        // Also one that is answered at once may be too much for a pipe that nobody reads meanwhile.
        await new Promise(setImmediate)
      }
    },
    probe: async () => {
      await sendLine(request(nextId(), 'ping'))
      await settle()
    },
    listTools: async () => {
      const id = nextId()
      const listed = new Promise<unknown>((resolve) => waiters.set(id, resolve))
      await sendLine(request(id, 'tools/list'))
      await settle()
      return Object(await listed).tools ?? []
    },
    end: async (remainder) => {
      child.stdin.end(remainder)
      const [code, signal] = await Promise.race([closed, delay(patienceMs).then(() => ['no end', null])])
      if (code !== 0) faults.push(`ended with ${code ?? signal}: ${stderr.slice(-2_000)}`)
      if (rest !== '') faults.push(`standard output ends with ${rest.slice(0, 300)}`)
      if (faults.length > 0) throw new Error(faults.join('\n'))
    },
    kill: () => {
      child.kill('SIGKILL')
    },
  }
}

/** What the ids begin with that have to be answered once. */
const OWN = 'own-'

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}

interface Message {
  readonly jsonrpc?: unknown
  readonly id?: unknown
  readonly method?: unknown
  readonly result?: unknown
  readonly error?: unknown
}

/** A line of standard output, if it is a message of JSON-RPC 2.0. */
function parseMessage(line: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null || !('jsonrpc' in value) || value.jsonrpc !== '2.0')
      return undefined
    const message: Message = value
    const kinds = [message.method, message.result, message.error].filter((part) => part !== undefined)
    return kinds.length === 1 ? message : undefined
  } catch {
    return undefined
  }
}

function toBytes(piece: Piece, nextId: () => string): Buffer {
  switch (piece.kind) {
    case 'request':
      return Buffer.from(`${JSON.stringify(request(nextId(), piece.method, Object(piece.params)))}\n`)
    case 'line':
      return Buffer.from(`${piece.text}\n`)
    case 'cut':
      return Buffer.concat([Buffer.from(piece.text).subarray(0, piece.bytes), Buffer.from('\n')])
    case 'long':
      return Buffer.from(`${piece.start}${'x'.repeat(piece.mib * MIB)}\n`)
    case 'flood':
      return Buffer.from(
        Array.from({ length: piece.count }, () => `${JSON.stringify(request(nextId(), 'ping'))}\n`).join(''),
      )
    case 'deep': {
      const args = `${'{"a":'.repeat(piece.depth)}1${'}'.repeat(piece.depth)}`
      const call = JSON.stringify(request(nextId(), 'tools/call', { name: 'claim_lane', arguments: 'ARGS' }))
      return Buffer.from(`${call.replace('"ARGS"', args)}\n`)
    }
  }
}
