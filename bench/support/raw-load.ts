import { connect, type Socket } from 'node:net'

/** One request, as it goes over the wire; made once, sent often. */
export function toRequest(method: 'GET' | 'POST', host: string, path: string, body = ''): Buffer {
  const length =
    method === 'POST' ? `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` : ''
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${length}\r\n${body}`)
}

export interface RawLoad {
  /** Sends one request over a connection that is free, and resolves with the size of the answer's body. */
  send(request: Buffer): Promise<number>
  close(): void
}

/**
 * Connections that do as little as can be done: the generator shares the machine with the bus, and what it costs is missing
 * there. Rejects for any status but 200.
 */
export async function openRawLoad(port: number, connections: number): Promise<RawLoad> {
  const all = await Promise.all(Array.from({ length: connections }, () => openConnection(port)))
  const free = [...all]
  const waiting: ((connection: Connection) => void)[] = []
  const take = () => free.pop() ?? new Promise<Connection>((resolve) => waiting.push(resolve))
  const giveBack = (connection: Connection) => {
    const next = waiting.shift()
    if (next) next(connection)
    else free.push(connection)
  }
  return {
    send: async (request) => {
      const connection = await take()
      try {
        return await connection.exchange(request)
      } finally {
        giveBack(connection)
      }
    },
    close: () => {
      for (const { socket } of all) socket.destroy()
    },
  }
}

interface Connection {
  readonly socket: Socket
  exchange(request: Buffer): Promise<number>
}

const BLANK_LINE = Buffer.from('\r\n\r\n')

async function openConnection(port: number): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  let pending: { resolve(size: number): void; reject(error: Error): void } | undefined
  let received = Buffer.alloc(0)
  let missing = -1
  let bodySize = 0
  const settle = () => {
    pending?.resolve(bodySize)
    pending = undefined
    received = Buffer.alloc(0)
    missing = -1
  }
  socket.on('data', (chunk) => {
    if (missing > 0) {
      missing -= chunk.length
      if (missing === 0) settle()
      return
    }
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    const end = received.indexOf(BLANK_LINE)
    if (end === -1) return
    const head = received.toString('latin1', 0, end)
    if (!head.startsWith('HTTP/1.1 200')) return fail(new Error(head.slice(0, 60)))
    bodySize = Number(/content-length: (\d+)/i.exec(head)?.[1])
    missing = bodySize - (received.length - end - BLANK_LINE.length)
    if (missing === 0) settle()
  })
  const fail = (error: Error) => {
    pending?.reject(error)
    pending = undefined
    socket.destroy()
  }
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the connection was closed')))
  return {
    socket,
    exchange: (request) =>
      new Promise((resolve, reject) => {
        pending = { resolve, reject }
        socket.write(request)
      }),
  }
}
