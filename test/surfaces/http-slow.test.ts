import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { connect } from '../support/raw-http.ts'

// Real time: nothing can hurry Node's own timers. The limit is 10 s; without a frequent check it would be up to 40 s.
describe('a caller whose headers never end', () => {
  it('is cut off', { timeout: 25_000 }, async () => {
    const bus = await startTestBus()
    const connection = await connect(bus.origin)
    connection.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')
    const answer = await connection.untilClosed()
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(answer).toContain('"code":"request_timeout"')
    expect((await bus.client.status.get({}))._meta.message_count).toBe(0)
  })
})
