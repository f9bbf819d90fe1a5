import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createBusClient } from '../../src/client/index.ts'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { startBusProcess } from '../support/process.ts'
import { ask } from '../support/raw-http.ts'
import { openStream } from '../support/stream-reader.ts'

const hello = { topic: 'converge', sender: 'ann', body: 'hello' }

/** A reader of the stream, as a browser's EventSource reads it. */
async function follow(origin: string, { query = '', headers = {} } = {}) {
  const { outgoing, incoming, text } = await openStream(`${origin}/api/bus/events${query}`, headers)
  const ended = new Promise((resolve) => incoming.once('close', resolve))
  return {
    status: incoming.statusCode,
    headers: incoming.headers,
    text,
    ended,
    leave: () => outgoing.destroy(),
    /** Resolves when so much as this has come. */
    until: async (part: string) => {
      while (!text().includes(part)) await once(incoming, 'data')
    },
  }
}

describe('GET /api/bus/events as a stream', () => {
  it('says hello with where it begins, and sends each event as it happens, with its id', async () => {
    const { origin, client } = await startTestBus()
    const { status, headers, text, until } = await follow(origin)
    expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'text/event-stream' })
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    await client.messages.post({ ...hello, body: 'two\nlines' })
    await client.lanes.claim({ lane: 'feeds', owner: 'ann' })
    await until('id: 2\n')
    const blocks = text().trimEnd().split('\n\n')
    const { events, epoch } = await client.events.read({ since_id: 0 })
    expect(blocks).toEqual([
      `retry: 2000\nid: 0\nevent: hello\ndata: ${JSON.stringify({ since_id: 0, head_id: 0, epoch })}`,
      `id: 1\nevent: message\ndata: ${JSON.stringify(events[0])}`,
      `id: 2\nevent: lane\ndata: ${JSON.stringify(events[1])}`,
    ])
  })

  it('goes on after Last-Event-ID, which wins over since_id', async () => {
    const { origin, client } = await startTestBus()
    for (const body of ['one', 'two', 'three']) await client.messages.post({ ...hello, body })
    const { text, until } = await follow(origin, { query: '?since_id=0', headers: { 'Last-Event-ID': '2' } })
    await until('id: 3\n')
    expect(text()).toContain('id: 2\nevent: hello')
    expect(text().match(/^event: message$/gm)).toHaveLength(1)
  })

  it('keeps to the filter of the query', async () => {
    const { origin, client } = await startTestBus()
    const { text, until } = await follow(origin, { query: '?kind=lane&lane=feeds' })
    await client.messages.post(hello)
    await client.lanes.claim({ lane: 'other', owner: 'ann' })
    await client.lanes.claim({ lane: 'feeds', owner: 'ann' })
    await until('id: 3\n')
    expect(text().match(/^event: .*$/gm)).toEqual(['event: hello', 'event: lane'])
  })

  it('reaches 20 readers with each event once and in order, while they come and go', async () => {
    const { origin, client } = await startTestBus()
    const readers = await Promise.all(Array.from({ length: 20 }, () => follow(origin)))
    for (const { leave } of readers.slice(0, 10)) leave()
    for (let index = 0; index < 40; index += 1) await client.messages.post(hello)
    const ids = Array.from({ length: 40 }, (_, index) => `id: ${index + 1}`)
    for (const { text, until } of readers.slice(10)) {
      await until('id: 40\n')
      expect(text().match(/^id: [1-9]\d*$/gm)).toEqual(ids)
    }
  })

  it('answers with JSON whoever asks for JSON, and HEAD without a body', async () => {
    const { origin } = await startTestBus()
    const json = await ask(origin, { path: '/api/bus/events', headers: { accept: 'application/json' } })
    expect(json).toMatchObject({ status: 200, fields: { events: [], head_id: 0 } })
    expect(await ask(origin, { method: 'HEAD', path: '/api/bus/events' })).toMatchObject({ status: 200, text: '' })
  })

  it.each([
    ['of another log', '99', 410, 'cursor_expired'],
    ['that is none', 'x', 422, 'invalid_request'],
  ])('refuses a cursor %s before anything is sent, as JSON', async (_, cursor, status, code) => {
    const { origin } = await startTestBus()
    const refused = await ask(origin, { path: '/api/bus/events', headers: { 'Last-Event-ID': cursor } })
    expect(refused).toMatchObject({ status, fields: { code } })
  })

  it('ends at once when the bus stops', async () => {
    const bus = await startTestBus()
    const { ended } = await follow(bus.origin)
    const waiting = bus.client.messages.read({ wait_s: 50 })
    await bus.client.status.get({})
    await bus.close()
    await ended
    expect((await waiting).messages).toEqual([])
  })

  it('loses nothing over a restart of the bus', async () => {
    const args = ['--port', '0', '--database-url', `sqlite:${createTempFolder()}/bus.db`]
    const before = await startBusProcess(args)
    const reader = await follow(before.origin)
    await createBusClient({ baseUrl: before.apiUrl }).messages.post(hello)
    await reader.until('id: 1\n')
    await before.kill()
    const after = await startBusProcess(args)
    await createBusClient({ baseUrl: after.apiUrl }).messages.post({ ...hello, body: 'while nobody read' })
    const again = await follow(after.origin, { headers: { 'Last-Event-ID': '1' } })
    await again.until('while nobody read')
    expect(again.text()).toContain('id: 2\nevent: message')
  })
})
