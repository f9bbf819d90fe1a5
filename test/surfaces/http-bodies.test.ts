import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ask, connect, expectRefusal } from '../support/raw-http.ts'
import { describeState, hello, named, type Refusal, SECRET, startRefusingBus, write } from '../support/refusals.ts'
import { nest, refusedBodies, refusedFields } from '../support/refused-fields.ts'

const MIB = 1024 * 1024

describe('a field', () => {
  it.each([...groupByField(refusedFields)])('%s is refused for each of its faults, by name', async (_, rows) => {
    const bus = await startRefusingBus()
    const before = await describeState(bus)
    for (const { when, request, status, code, field } of rows) {
      const answer = await ask(bus.origin, request)
      expectRefusal(answer, { status, code }, when)
      expect(answer.fields.errors, when).toEqual([{ path: field, message: expect.stringMatching(/\S/) }])
      expect(answer.fields.detail, when).toContain(field)
    }
    expect(await describeState(bus)).toEqual(before)
    expect(bus.logged).toEqual([])
  })

  it('is told with all the others that are wrong, in their order', async () => {
    const { origin } = await startRefusingBus()
    const { fields } = await ask(origin, write('/message', { sender: '', action_flag: 'yes' }))
    expect(fields.errors).toEqual([
      { path: 'topic', message: 'topic is required' },
      { path: 'sender', message: 'sender must not be empty' },
      { path: 'body', message: 'body is required' },
      { path: 'action_flag', message: 'action_flag must be true or false' },
    ])
    expect(fields.detail).toBe(
      'topic is required; sender must not be empty; body is required; action_flag must be true or false',
    )
  })
})

describe('the body of a write', () => {
  it.each(named(refusedBodies))('is refused in %s', async (_, { request, status, code }) => {
    const bus = await startRefusingBus()
    const before = await describeState(bus)
    expectRefusal(await ask(bus.origin, request), { status, code })
    expect(await describeState(bus)).toEqual(before)
    expect(bus.logged).toEqual([])
  })

  it('is an empty object when it is empty, and misses what it must have', async () => {
    const { origin } = await startRefusingBus()
    const { status, fields } = await ask(origin, write('/lanes/own/claim', ''))
    expect(status).toBe(422)
    expect(fields.errors).toEqual([{ path: 'owner', message: 'owner is required' }])
  })

  it('may begin with a byte order mark, and nest 32 deep where nobody looks', async () => {
    const { origin } = await startRefusingBus()
    const body = `\ufeff${JSON.stringify({ ...hello, unknown: nest(31) })}`
    expect(await ask(origin, write('/message', body))).toMatchObject({ status: 200 })
  })

  it('has no value that is asked for what it is as a number or a text before it is known to be one', async () => {
    const { origin, logged } = await startRefusingBus()
    const hollow = { toString: 1, valueOf: 1 }
    for (const path of ['/lanes/feeds/claim', '/lanes/claim', '/lanes/feeds/release', '/message', '/messages/1/ack']) {
      const fields = { owner: hollow, wait_s: hollow, lease_s: hollow, sender: hollow, lanes: hollow, fence: hollow }
      const answer = await ask(origin, write(path, fields))
      expect(answer.status, path).toBe(422)
    }
    expect(logged).toEqual([])
  })

  it('cannot reach the prototype of anything', async () => {
    const { origin } = await startRefusingBus()
    const alone = await ask(origin, write('/message', '{"__proto__":{"topic":"a","sender":"b","body":"c"}}'))
    expectRefusal(alone, { status: 422, code: 'invalid_request' })
    const beside = await ask(origin, write('/message', JSON.stringify(hello).replace('{', '{"__proto__":{"id":99},')))
    expect(beside).toMatchObject({ status: 200, fields: { ...hello, id: 2 } })
    expect({}).not.toHaveProperty('topic')
  })

  it('is not unzipped, so that a small one stays small', async () => {
    const bus = await startRefusingBus()
    const before = await describeState(bus)
    const body = gzipSync(JSON.stringify({ ...hello, padding: ' '.repeat(64 * MIB) }))
    expect(body.length).toBeLessThan(MIB)
    for (const encoding of ['gzip', 'deflate', 'identity', undefined]) {
      const request = { ...write('/message', '', { 'content-encoding': encoding }), body }
      expectRefusal(await ask(bus.origin, request), { status: 422, code: 'invalid_json' })
    }
    expect(await describeState(bus)).toEqual(before)
  })

  it('is refused with 413 when its length is past 1 MiB, before it is sent', async () => {
    const { origin } = await startRefusingBus()
    const connection = await connect(origin)
    connection.write(head(`Content-Length: ${MIB + 1}`))
    expect(await connection.until(/}$/)).toMatch(/^HTTP\/1\.1 413 .*"code":"body_too_large"/s)
  })

  it('is refused with 413 when it grows past 1 MiB on the way', async () => {
    const { origin } = await startRefusingBus()
    const connection = await connect(origin)
    connection.write(head('Transfer-Encoding: chunked'))
    for (let sent = 0; sent < MIB; sent += 65_536) connection.write(chunk(65_536))
    connection.write(chunk(1))
    expect(await connection.until(/}$/)).toMatch(/^HTTP\/1\.1 413 .*"code":"body_too_large"/s)
  })

  it.each([
    ['by its length', `Content-Length: ${8 * MIB}`, () => Buffer.alloc(65_536, 'x')],
    ['as it comes', 'Transfer-Encoding: chunked', () => chunk(65_536)],
  ])(
    'that is too large %s is taken to its end, so that the refusal reaches who sends first and reads later',
    async (_, header, part) => {
      const bus = await startRefusingBus()
      const before = await describeState(bus)
      const connection = await connect(bus.origin)
      connection.socket.pause()
      connection.write(head(header))
      for (let sent = 0; sent < 8 * MIB; sent += 65_536) connection.write(part())
      if (header.startsWith('T')) connection.write('0\r\n\r\n')
      connection.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
      connection.socket.resume()
      const answers = await connection.untilClosed()
      expect(answers).toMatch(/^HTTP\/1\.1 413 .*"code":"body_too_large".*HTTP\/1\.1 200 .*"ok":true/s)
      expect(await describeState(bus)).toEqual(before)
    },
  )

  it('of exactly 1 MiB is read', async () => {
    const { origin } = await startRefusingBus()
    const empty = JSON.stringify({ ...hello, padding: '' })
    const body = JSON.stringify({ ...hello, padding: 'x'.repeat(MIB - empty.length) })
    expect(await ask(origin, write('/message', body))).toMatchObject({ status: 200 })
    expectRefusal(await ask(origin, write('/message', `${body} `)), { status: 413, code: 'body_too_large' })
  })
})

/** So that one bus serves for a field: a refusal leaves it as it was. */
function groupByField(rows: readonly Refusal[]): Map<string, Refusal[]> {
  const groups = new Map<string, Refusal[]>()
  for (const row of rows) {
    const name = `${row.operation} ${row.field}`
    groups.set(name, [...(groups.get(name) ?? []), row])
  }
  return groups
}

function head(header: string): string {
  return `POST /api/bus/message HTTP/1.1\r\nHost: localhost\r\nX-Bus-Secret: ${SECRET}\r\nContent-Type: application/json\r\n${header}\r\n\r\n`
}

function chunk(bytes: number): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.toString(16)}\r\n`), Buffer.alloc(bytes, 'x'), Buffer.from('\r\n')])
}
