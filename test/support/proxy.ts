import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** What a client of PostgreSQL sends when a transaction is to be kept. */
export const COMMIT: Buffer = Buffer.from('commit\0')

/**
 * Stands between a bus and its PostgreSQL; stopped after the test.
 *
 * @param join Called for each connection, with the end of the bus and that of the server: nothing passes by itself.
 * @returns The URL of the same database through it.
 */
export async function startProxy(url: string, join: (near: Socket, far: Socket) => void): Promise<string> {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    }
    join(near, far)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('a TCP server has a port')
  const through = new URL(url)
  through.port = String(address.port)
  return through.href
}
