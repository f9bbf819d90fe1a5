import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BusUnreachable } from '../../src/client/index.ts'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { connect } from '../support/raw-http.ts'

const body = JSON.stringify({ topic: 'converge', sender: 'session-A', body: 'last words' })
const head = `POST /api/bus/message HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`

/** Shorter than any time limit of the server, so that a close that waits for one of them fails. */
const BEFORE_ANY_LIMIT = 4000

describe('the close of a bus', () => {
  it('answers the request under way, then ends', { timeout: BEFORE_ANY_LIMIT }, async () => {
    const folder = createTempFolder()
    const databasePlace = join(folder, 'bus.db')
    const bus = await startTestBus({ databasePlace })
    const connection = await connect(bus.origin)
    connection.write(head)
    // The bus has the request once it asks for its body.
    await connection.until(/100 Continue/)
    const closed = bus.close()
    connection.write(body)
    expect(await connection.untilClosed()).toMatch(/HTTP\/1\.1 200 .*"id":1,"topic":"converge"/s)
    await closed

    const { client } = await startTestBus({ databasePlace })
    expect((await client.messages.read({})).messages).toMatchObject([{ id: 1, body: 'last words' }])
  })

  it('refuses new connections while a request is still under way', async () => {
    const bus = await startTestBus()
    const connection = await connect(bus.origin)
    connection.write(head)
    await connection.until(/100 Continue/)
    const closed = bus.close()
    await expect(bus.client.status.get({})).rejects.toThrow('connection refused')
    connection.write(body)
    await connection.until(/"id":1/)
    await closed
  })

  it('does not wait for a connection that is kept alive after its request', { timeout: BEFORE_ANY_LIMIT }, async () => {
    const bus = await startTestBus()
    const connection = await connect(bus.origin)
    connection.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await connection.until(/"ok":true/)
    await bus.client.status.get({})
    await bus.close()
    await connection.untilClosed()
  })

  it('does not wait for a connection that never asked anything', { timeout: BEFORE_ANY_LIMIT }, async () => {
    const bus = await startTestBus()
    const connection = await connect(bus.origin)
    // The server has accepted the silent connection once it answers one that came after it.
    await bus.client.status.get({})
    await bus.close()
    await connection.untilClosed()
  })

  it('does not wait for a request whose headers never end', { timeout: BEFORE_ANY_LIMIT }, async () => {
    const bus = await startTestBus()
    const connection = await connect(bus.origin)
    connection.write('GET /healthz HTTP/1.1\r\nHost: loc')
    await bus.client.status.get({})
    await bus.close()
    await connection.untilClosed()
  })

  it('ends once, however often it is asked for', async () => {
    const bus = await startTestBus()
    await Promise.all([bus.close(), bus.close()])
    await bus.close()
    await expect(bus.client.status.get({})).rejects.toBeInstanceOf(BusUnreachable)
  })

  it('is not held up by a caller that went away in the middle of its request', {
    timeout: BEFORE_ANY_LIMIT,
  }, async () => {
    const bus = await startTestBus()
    const connection = await connect(bus.origin)
    connection.write(head)
    await connection.until(/100 Continue/)
    connection.socket.destroy()
    await once(connection.socket, 'close')
    await bus.close()
    expect(bus.logged).toEqual([])
  })
})
