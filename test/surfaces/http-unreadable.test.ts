import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { connect } from '../support/raw-http.ts'

/** Sends what is no request, and reads the whole answer. */
async function sendRaw(text: string) {
  const bus = await startTestBus()
  const connection = await connect(bus.origin)
  connection.write(text)
  const [head = '', body = ''] = (await connection.untilClosed()).split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), head, body: JSON.parse(body) }
}

describe('what never becomes a request', () => {
  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400, 'malformed_request'],
    ['a header without a name', 'GET / HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n', 400, 'malformed_request'],
    [
      'headers of more than 16 KiB',
      `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(17_000)}\r\n\r\n`,
      431,
      'headers_too_large',
    ],
  ])('is refused with a body that says so when it is %s', async (_, text, status, code) => {
    const answer = await sendRaw(text)
    expect(answer.status).toBe(status)
    expect(answer.head).toMatch(/^content-type: application\/json$/m)
    expect(answer.body).toMatchObject({ code, detail: expect.any(String), request_id: expect.any(String) })
  })

  it('is refused as one without a name of the bus when it has no Host', async () => {
    const answer = await sendRaw('GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n')
    expect(answer).toMatchObject({ status: 421, body: { code: 'host_not_allowed' } })
  })
})
