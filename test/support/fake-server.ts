import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createSocketServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface FakeServer {
  /** As a client wants it, with the API's path. */
  readonly baseUrl: string
  readonly port: number
  /** How many connections were opened so far. */
  connectionCount(): number
  close(): Promise<void>
}

/** An HTTP server that answers what the test says; stopped after the test. */
export function startFakeServer(listener: RequestListener, port = 0): Promise<FakeServer> {
  return listen(createServer(listener), port)
}

/** Answers every request alike. */
export function answerWith(status: number, body: string, contentType = 'application/json'): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    request.resume()
    response.writeHead(status, contentType === '' ? {} : { 'content-type': contentType })
    response.end(body)
  }
}

/** A server that need not speak HTTP. It gets the connection with the first bytes that came. */
export function startFakeSocketServer(onAsked: (socket: Socket) => void): Promise<FakeServer> {
  return listen(
    createSocketServer((socket) => socket.once('data', () => onAsked(socket))),
    0,
  )
}

/** A base URL at which nobody listens. */
export async function findClosedUrl(): Promise<string> {
  const server = await startFakeServer(() => {})
  await server.close()
  return server.baseUrl
}

async function listen(server: Server, port: number): Promise<FakeServer> {
  const sockets = new Set<Socket>()
  let count = 0
  server.on('connection', (socket) => {
    count++
    sockets.add(socket)
    // What the other side does to its end is the test's affair.
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address() as AddressInfo // A TCP server's address is never a pipe's name.
  const close = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  onTestFinished(close)
  return {
    baseUrl: `http://127.0.0.1:${address.port}/api/bus`,
    port: address.port,
    connectionCount: () => count,
    close,
  }
}
