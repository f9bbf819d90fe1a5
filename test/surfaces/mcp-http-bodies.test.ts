import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { request, toolCall } from '../support/json-rpc.ts'
import { ask, connect, post, type RawRequest } from '../support/raw-http.ts'
import { nest } from '../support/refused-fields.ts'

const MIB = 1024 * 1024

const toMcp = (body: unknown, headers: Record<string, string> = {}): RawRequest =>
  post('/mcp', body, { accept: 'application/json, text/event-stream', 'x-bus-agent': 'ann', ...headers })

const bytesToMcp = (body: Uint8Array, headers: Record<string, string> = {}): RawRequest => ({
  ...toMcp('', headers),
  body,
})

/** A call with a text of such a length that the whole body has so many bytes. */
function callOfBytes(bytes: number): string {
  const call = (body: string) => JSON.stringify(toolCall(1, 'post_message', { topic: 'a', body }))
  return call('x'.repeat(bytes - call('').length))
}

const head = (header: string) =>
  `POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n${header}\r\n\r\n`

describe('the body of a request to /mcp', () => {
  it('of exactly 1 MiB is read, and one byte more is refused with 413', async () => {
    const { origin } = await startTestBus()
    const read = await ask(origin, toMcp(callOfBytes(MIB)))
    expect(read).toMatchObject({ status: 200, text: expect.stringContaining('body must be at most') })
    expect(await ask(origin, toMcp(callOfBytes(MIB + 1)))).toMatchObject({ status: 413 })
  })

  it('is refused with 413 by its length, before it is sent', async () => {
    const { origin } = await startTestBus()
    const connection = await connect(origin)
    connection.write(head(`Content-Length: ${MIB + 1}`))
    expect(await connection.until(/}$|\r\n0\r\n/)).toMatch(/^HTTP\/1\.1 413 /)
  })

  it('is refused with 413 when it grows past 1 MiB on the way', async () => {
    const { origin, client } = await startTestBus()
    const connection = await connect(origin)
    connection.write(head('Transfer-Encoding: chunked'))
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
    for (let sent = 0; sent <= MIB; sent += 65_536) connection.write(chunk)
    expect(await connection.until(/}$|\r\n0\r\n/)).toMatch(/^HTTP\/1\.1 413 /)
    expect((await client.status.get({}))._meta.message_count).toBe(0)
  })

  it.each([
    ['33 deep', JSON.stringify(request(1, 'ping', { x: nest(31) }))],
    [
      '100,000 deep',
      `{"jsonrpc":"2.0","id":1,"method":"ping","params":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
    ],
    ['100,000 lists deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ])('is refused when it nests %s', async (_, body) => {
    const { origin, logged } = await startTestBus()
    const { status, fields } = await ask(origin, toMcp(body))
    expect(status).toBe(400)
    expect(fields.error).toEqual({ code: -32600, message: 'the message nests more than 32 deep' })
    expect(logged).toEqual([])
  })

  it('may nest 32 deep', async () => {
    const { origin } = await startTestBus()
    expect(await ask(origin, toMcp(request(1, 'ping', { x: nest(30) })))).toMatchObject({ status: 200 })
  })

  it('is refused when it is no UTF-8, and never read as another text', async () => {
    const { origin, client } = await startTestBus()
    const body = JSON.stringify(toolCall(1, 'post_message', { topic: 'a', body: 'é' }))
    const cut = Buffer.from(JSON.stringify(toolCall(1, 'post_message', { topic: 'a', body: '🚌' }))).filter(
      (_, index, bytes) => bytes[index + 1] !== 0x22 || bytes[index] !== 0x8c,
    )
    for (const bytes of [Buffer.from(body, 'latin1'), cut, Buffer.concat([Buffer.from(body), Buffer.from([0xc3])])]) {
      const { status, fields } = await ask(origin, bytesToMcp(bytes))
      expect(status).toBe(400)
      expect(fields.error).toMatchObject({ code: -32700 })
    }
    expect((await client.status.get({}))._meta.message_count).toBe(0)
    expect(await ask(origin, toMcp(body))).toMatchObject({ status: 200, text: expect.stringContaining('"ok":true') })
  })

  it.each([
    ['NUL', 'a\u0000b'],
    ['half a surrogate pair', 'a\ud83d'],
  ])('is refused with %s in a text, by the field', async (_, text) => {
    const { origin, client } = await startTestBus()
    const answer = await ask(origin, toMcp(toolCall(1, 'post_message', { topic: 'a', body: text })))
    expect(answer.text).toContain('"type":"invalid_arguments"')
    expect(answer.text).toContain('"path":"body"')
    expect((await client.status.get({}))._meta.message_count).toBe(0)
  })

  it('cannot reach the prototype of anything', async () => {
    const { origin, client } = await startTestBus()
    const call = JSON.stringify(toolCall(1, 'post_message', { topic: 'a', body: 'b' }))
    for (const [from, to] of [
      ['"arguments":{', '"arguments":{"__proto__":{"action_flag":true},'],
      ['{"jsonrpc"', '{"__proto__":{"id":99},"jsonrpc"'],
      ['"params":{', '"params":{"__proto__":{"name":"claim_lane"},'],
    ] as const) {
      const { status } = await ask(origin, toMcp(call.replace(from, to)))
      expect(status, to).toBeLessThan(500)
    }
    expect({}).not.toHaveProperty('action_flag')
    const { messages } = await client.messages.read({})
    expect(messages.filter(({ action_flag }) => action_flag)).toEqual([])
  })

  it('is not unzipped, so that a small one stays small', async () => {
    const { origin, client } = await startTestBus()
    const zipped = gzipSync(JSON.stringify(toolCall(1, 'post_message', { topic: 'a', body: 'x'.repeat(60_000) })))
    const answer = await ask(origin, bytesToMcp(zipped, { 'content-encoding': 'gzip' }))
    expect(answer.status).toBe(400)
    expect((await client.status.get({}))._meta.message_count).toBe(0)
  })

  it('is no fault of the bus when it is wrong, and leaves nothing of itself in the log', async () => {
    const { origin, logged } = await startTestBus()
    const wrong = ['[]', '{"jsonrpc":"1.0","id":1,"method":"zq"}', JSON.stringify(request(1, 'zq-method', {}))]
    for (const body of wrong) await ask(origin, toMcp(body))
    const lying = { ...toMcp(JSON.stringify(request(1, 'zq-method', {}))) }
    await ask(origin, {
      ...lying,
      headers: { ...lying.headers, 'mcp-method': 'zq-other', 'mcp-protocol-version': '2026-07-28' },
    })
    expect(logged).toEqual([])
  })
})
