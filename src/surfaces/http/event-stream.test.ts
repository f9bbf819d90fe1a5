import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sendEventStream } from './event-stream.ts'

const spec = { entries: 'events', cursor: 'since_id', nextCursor: 'next_since_id' }
const body = 'x'.repeat(64 * 1024)

describe('a stream of events', () => {
  it('cuts a reader off that leaves unread what it was sent, and has read no further for it', async () => {
    let asked = 0
    const server = createServer((_, response) => {
      const abort = new AbortController()
      response.on('close', () => abort.abort())
      const ask = async () => {
        asked += 1
        const events = Array.from({ length: 16 }, (_unused, index) => ({
          id: asked * 16 + index,
          kind: 'message',
          body,
        }))
        return { events, next_since_id: asked * 16 }
      }
      void sendEventStream(response, { spec, cursor: undefined, ask, signal: abort.signal, blockedMs: 100 })
    })
    server.listen(0, '127.0.0.1')
    onTestFinished(() => {
      server.close()
    })
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port) // A TCP server's address is never a pipe's name.
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
    socket.pause()
    const [request] = await once(server, 'request')
    await once(request.socket, 'close')
    socket.destroy()
    // What the systems between the two take in is a few megabytes at the most: a page has one.
    expect(asked).toBeGreaterThan(0)
    expect(asked).toBeLessThan(50)
  })
})
