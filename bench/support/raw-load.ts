import { connect, type Socket } from 'node:net'

/** One request, as it goes over the wire; made once, sent often. */
export function toRequest(
  method: 'GET' | 'POST',
  host: string,
  path: string,
  body = '',
  headers: Readonly<Record<string, string>> = {},
): Buffer {
  const length =
    method === 'POST' ? `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` : ''
  const extra = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\naccept: application/json\r\n${length}${extra.join('')}\r\n${body}`,
  )
}

export interface RawLoad {
  /** Sends one request over a connection that is free, and resolves with the size of the answer's body. */
  send(request: Buffer): Promise<number>
  /** The same, with what was answered: dearer, for what a measurement does beside. */
  ask(request: Buffer): Promise<Record<string, unknown>>
  close(): void
}

/** Shorter than servers keep an idle connection, so that no request is sent into one that is just closing. */
const IDLE_LIMIT_MS = 4_000

/**
 * Connections that do as little as can be done: the generator shares the machine with the bus, and what it costs is missing
 * there. Rejects for any status but 200, and those that are named beside.
 */
export async function openRawLoad(
  port: number,
  connections: number,
  accepts: readonly number[] = [],
): Promise<RawLoad> {
  const statuses = [200, ...accepts].map((status) => `HTTP/1.1 ${status}`)
  const all = new Set<Connection>()
  const open = async () => {
    const connection = await openConnection(port, statuses)
    all.add(connection)
    return connection
  }
  const free = await Promise.all(Array.from({ length: connections }, open))
  const waiting: ((connection: Connection) => void)[] = []
  const take = () => free.pop() ?? new Promise<Connection>((resolve) => waiting.push(resolve))
  const giveBack = (connection: Connection) => {
    const next = waiting.shift()
    if (next) next(connection)
    else free.push(connection)
  }
  const renew = (connection: Connection) => {
    connection.socket.destroy()
    all.delete(connection)
    return open()
  }
  const exchange = async (request: Buffer): Promise<{ size: number; body: Buffer }> => {
    let connection = await take()
    try {
      if (!connection.isUsable()) connection = await renew(connection)
      return await connection.exchange(request)
    } finally {
      giveBack(connection)
    }
  }
  return {
    send: async (request) => (await exchange(request)).size,
    ask: async (request) => JSON.parse((await exchange(request)).body.toString()),
    close: () => {
      for (const { socket } of all) socket.destroy()
    },
  }
}

interface Exchanged {
  readonly size: number
  readonly body: Buffer
}

interface Connection {
  readonly socket: Socket
  isUsable(): boolean
  exchange(request: Buffer): Promise<Exchanged>
}

const BLANK_LINE = Buffer.from('\r\n\r\n')
const NOTHING = Buffer.alloc(0)

async function openConnection(port: number, statuses: readonly string[]): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  let pending: { resolve(answer: Exchanged): void; reject(error: Error): void } | undefined
  let received: Buffer = NOTHING
  let parts: Buffer[] = []
  let missing = -1
  let size = 0
  let usedAt = performance.now()
  const settle = () => {
    const done = pending
    const body = parts.length === 1 ? (parts[0] ?? NOTHING) : Buffer.concat(parts)
    pending = undefined
    received = NOTHING
    parts = []
    missing = -1
    done?.resolve({ size, body })
  }
  const take = (part: Buffer) => {
    parts.push(part)
    missing -= part.length
    if (missing === 0) settle()
  }
  const fail = (error: Error) => {
    pending?.reject(error)
    pending = undefined
    socket.destroy()
  }
  socket.on('data', (chunk) => {
    if (missing > 0) return take(chunk)
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    const end = received.indexOf(BLANK_LINE)
    if (end === -1) return
    const head = received.toString('latin1', 0, end)
    if (!statuses.some((status) => head.startsWith(status))) return fail(new Error(received.toString().slice(0, 2_000)))
    size = Number(/content-length: (\d+)/i.exec(head)?.[1])
    if (Number.isNaN(size)) return fail(new Error(`an answer without a length: ${head}`))
    missing = size
    take(received.subarray(end + BLANK_LINE.length))
  })
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the connection was closed')))
  return {
    socket,
    isUsable: () => !socket.destroyed && performance.now() - usedAt < IDLE_LIMIT_MS,
    exchange: (request) =>
      new Promise((resolve, reject) => {
        usedAt = performance.now()
        pending = { resolve, reject }
        socket.write(request)
      }),
  }
}
