import { connect } from 'node:net'

export interface EventReader {
  /** Resolves when the reader has something that contains this text, and with when. */
  until(text: string): Promise<number>
  close(): void
}

/** A reader of Server-Sent Events that does as little as can be done. Resolves when the stream has begun. */
export async function openEventReader(port: number, host: string, query = ''): Promise<EventReader> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let wanted: { readonly text: string; done(at: number): void; fail(error: Error): void } | undefined
  let seen = ''
  const look = () => {
    if (!wanted || !seen.includes(wanted.text)) return
    seen = ''
    wanted.done(performance.now())
    wanted = undefined
  }
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => {
    seen += chunk
    look()
  })
  const fail = (error: Error) => wanted?.fail(error)
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the stream of events was closed')))
  const until = (text: string) =>
    new Promise<number>((done, reject) => {
      wanted = { text, done, fail: reject }
      look()
    })
  socket.write(`GET /api/bus/events${query} HTTP/1.1\r\nhost: ${host}\r\naccept: text/event-stream\r\n\r\n`)
  await until('event: hello')
  return { until, close: () => socket.destroy() }
}
