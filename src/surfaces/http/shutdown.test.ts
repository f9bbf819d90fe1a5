import { EventEmitter, once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { connect } from '../../../test/support/raw-http.ts'
import { createShutdown } from './shutdown.ts'

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'

async function serve(listener: RequestListener, graceMs: number) {
  const server = createServer(listener)
  const shutDown = createShutdown(server, graceMs)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // A TCP server's address is never a pipe's name.
  return { server, shutDown, connection: await connect(`http://127.0.0.1:${port}`) }
}

describe('the shutdown of a server', () => {
  it('cuts off requests that take longer than the grace', async () => {
    const { server, shutDown, connection } = await serve(() => {}, 50)
    const asked = once(server, 'request')
    connection.write(GET)
    await asked
    await shutDown()
    expect(await connection.untilClosed()).toBe('')
  })

  it('lets every request of a connection that was sent ahead come to its end', async () => {
    const responses: ServerResponse[] = []
    const asked = new EventEmitter()
    const { shutDown, connection } = await serve((_, response) => {
      if (responses.push(response) === 2) asked.emit('twice')
    }, 10_000)
    const askedTwice = once(asked, 'twice')
    connection.write(GET + GET)
    await askedTwice
    const ended = shutDown()
    responses[0]?.end('answer 0')
    await connection.until(/answer 0/)
    responses[1]?.end('answer 1')
    await ended
    expect(await connection.untilClosed()).toMatch(/answer 0.*answer 1/s)
  })
})
