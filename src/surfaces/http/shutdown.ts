import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Makes the function that ends a server after its requests under way. Called before the server listens.
 *
 * `server.close()` alone also waits for connections that ask for nothing: 5 s for one that its request's end found
 * kept alive, 10 s for one that a browser opened in advance.
 *
 * @param graceMs Requests that take longer are cut off, in milliseconds.
 */
export function createShutdown(server: Server, graceMs: number): () => Promise<void> {
  const requestsUnderWay = new Map<Socket, number>()
  server.on('connection', (socket: Socket) => {
    requestsUnderWay.set(socket, 0)
    socket.on('close', () => requestsUnderWay.delete(socket))
  })
  server.on('request', ({ socket }, response) => {
    requestsUnderWay.set(socket, (requestsUnderWay.get(socket) ?? 0) + 1)
    response.on('close', () => {
      const left = (requestsUnderWay.get(socket) ?? 1) - 1
      if (!socket.destroyed) requestsUnderWay.set(socket, left)
      if (left === 0 && !server.listening) socket.destroySoon()
    })
  })
  return async () => {
    const closed = once(server, 'close')
    server.close()
    for (const [socket, count] of requestsUnderWay) if (count === 0) socket.destroy()
    const timer = setTimeout(() => server.closeAllConnections(), graceMs)
    await closed
    clearTimeout(timer)
  }
}
