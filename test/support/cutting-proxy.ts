import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** What happens to a connection that is about to commit: nothing, or it is cut before the server hears of it, or after. */
export type CutAtCommit = 'none' | 'before' | 'after'

const COMMIT = Buffer.from('commit\0')

/**
 * Stands between a bus and its PostgreSQL, and cuts connections just when a transaction is to be kept. Stopped after the
 * test.
 *
 * @param choose Asked at each commit.
 * @returns The URL of the same database through it.
 */
export async function startCuttingProxy(url: string, choose: () => CutAtCommit): Promise<string> {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    let isCut = false
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.on('data', (chunk: Buffer) => {
      const cut = chunk.includes(COMMIT) ? choose() : 'none'
      if (cut === 'before') return near.destroy()
      isCut ||= cut === 'after'
      far.write(chunk)
    })
    // The answer to the commit is on its way: it is done, and nobody hears of it.
    far.on('data', (chunk: Buffer) => (isCut ? near.destroy() : near.write(chunk)))
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
