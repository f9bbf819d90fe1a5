import { once } from 'node:events'
import { request as ask, createServer, type IncomingMessage } from 'node:http'

/** What is made of an answer; it sees the path and the JSON of the body, or one event of a stream. */
export type Lie = (path: string, text: string, status: number) => string

/**
 * Stands between the agents and a bus, and passes on what it likes: a bus that breaks its promises.
 *
 * @param atEnd Is told how to stop it.
 * @returns Its own origin.
 */
export async function startLyingProxy(origin: string, lie: Lie, atEnd: (stop: () => void) => void): Promise<string> {
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    const { method, headers } = request
    const outgoing = ask(`${origin}${path}`, { method, headers, agent: false }, (incoming) => {
      const status = incoming.statusCode ?? 0
      const isStream = incoming.headers['content-type'] === 'text/event-stream'
      const { 'content-length': _, ...rest } = incoming.headers
      response.writeHead(status, rest)
      if (isStream) {
        response.flushHeaders()
        passEvents(incoming, (event) => response.write(lie(path, event, status)))
        incoming.on('close', () => response.end())
      } else void passWhole(incoming, (text) => response.end(lie(path, text, status)))
    })
    outgoing.on('error', () => response.destroy())
    response.on('close', () => outgoing.destroy())
    request.on('error', () => {})
    request.pipe(outgoing)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('a TCP server has a port')
  return `http://127.0.0.1:${address.port}`
}

async function passWhole(incoming: IncomingMessage, onText: (text: string) => void): Promise<void> {
  const chunks: Buffer[] = []
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
  incoming.on('error', () => {})
  incoming.on('end', () => onText(Buffer.concat(chunks).toString()))
}

function passEvents(incoming: IncomingMessage, onEvent: (event: string) => void): void {
  let rest = ''
  incoming.setEncoding('utf8')
  incoming.on('error', () => {})
  incoming.on('data', (chunk: string) => {
    const events = (rest + chunk).split(/(?<=\n\n)/)
    rest = events.at(-1)?.endsWith('\n\n') ? '' : (events.pop() ?? '')
    for (const event of events) onEvent(event)
  })
}
