import { describe, expect, it } from 'vitest'
import { createLog } from '../../src/telemetry/log.ts'
import { startTestBus } from '../support/bus.ts'
import { STOPPED, startBusProcess } from '../support/process.ts'
import { ask, connect, post } from '../support/raw-http.ts'

const secretive = ['zq-lane', 'zq-owner', 'zq-note', 'zq-topic', 'zq-body', 'zq-sender', 'zq-secret', 'zq-path']

describe('the log of requests', () => {
  it('has a line for each at the level debug: its id, the template of its route, its status, how long it took', async () => {
    const lines: string[] = []
    const bus = await startTestBus({ log: createLog((line) => lines.push(line), 'debug'), writeSecret: 'zq-secret' })
    const headers = { 'x-bus-secret': 'zq-secret', 'x-request-id': 'my-own-id' }
    await ask(bus.origin, post('/api/bus/lanes/zq-lane/claim', { owner: 'zq-owner', note: 'zq-note' }, headers))
    await ask(
      bus.origin,
      post('/api/bus/message', { topic: 'zq-topic', sender: 'zq-sender', body: 'zq-body' }, headers),
    )
    await ask(bus.origin, { path: '/zq-path?zq-body=1' })
    await ask(bus.origin, post('/api/bus/lanes/zq-lane/claim', { owner: 'zq-owner' }, { 'x-bus-secret': 'zq-wrong' }))
    const requests = () => lines.map((line): unknown => JSON.parse(line)).filter((line) => isRequest(line))
    await expect.poll(requests).toMatchObject([
      {
        level: 'debug',
        request_id: 'my-own-id',
        method: 'POST',
        route: '/api/bus/lanes/{lane}/claim',
        status: 200,
        duration_ms: expect.any(Number),
      },
      { route: '/api/bus/message', status: 200 },
      { route: 'none', status: 404 },
      { route: '/api/bus/lanes/{lane}/claim', status: 401 },
    ])
    for (const word of [...secretive, 'zq-wrong']) expect(lines.join()).not.toContain(word)
  })

  it('says of one whose caller went away that it was abandoned', async () => {
    const lines: string[] = []
    const bus = await startTestBus({ log: createLog((line) => lines.push(line), 'debug') })
    const caller = await connect(bus.origin)
    caller.write('GET /api/bus/messages?wait_s=20&since_id=0 HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await expect.poll(async () => (await ask(bus.origin, { path: '/metrics' })).text).toContain('bus_waits 1')
    caller.socket.destroy()
    await expect.poll(() => lines.join()).toContain('"abandoned":true')
  })

  it('tells faults at the standard level, and nothing of what is refused or done', async () => {
    const bus = await startBusProcess(['--port', '0', '--database-url', 'sqlite::memory:'])
    await ask(bus.origin, post('/api/bus/lanes/zq-lane/claim', { owner: 'zq-owner' }))
    await ask(bus.origin, { path: '/zq-path' })
    expect(bus.stderr()).toBe('')
    expect(await bus.stop()).toBe(STOPPED)
    expect(bus.stderr()).toBe('')
  })

  it('is as BUS_LOG_LEVEL says', async () => {
    const bus = await startBusProcess(['--port', '0', '--database-url', 'sqlite::memory:'], { BUS_LOG_LEVEL: 'debug' })
    await ask(bus.origin, { path: '/healthz' })
    await expect.poll(() => bus.stderr()).toContain('"route":"/healthz"')
  })
})

function isRequest(line: unknown): boolean {
  return typeof line === 'object' && line !== null && 'event' in line && line.event === 'request'
}
