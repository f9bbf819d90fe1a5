import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { StreamSource } from './event-head.ts'
import { createEventStream } from './event-stream.ts'
import type { Entry, Fields } from './event-text.ts'

const spec: StreamSource['spec'] = {
  entries: 'events',
  cursor: 'since_id',
  nextCursor: 'next_since_id',
  fits: (entry, { kind }) => kind === undefined || entry.kind === kind,
}

/** Serves a stream; the kind that a reader asks for is its path. */
async function serve(ask: StreamSource['ask'], limits: Parameters<typeof createEventStream>[1]) {
  const stopping = new AbortController()
  const stream = createEventStream(
    { spec, ask, parse: (input) => input, stopping: stopping.signal },
    { blockedMs: 100, ...limits },
  )
  const server = createServer((request, response) => {
    const kind = request.url?.slice(1)
    void stream.send(response, kind ? { kind } : {}, {
      requestId: 'request-1',
      server: 'test',
      method: 'GET',
      route: '/api/bus/events',
      waited: true,
      refusal: undefined,
    })
  })
  server.listen(0, '127.0.0.1')
  onTestFinished(() => {
    stopping.abort()
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // A TCP server's address is never a pipe's name.
  return {
    server,
    stopping,
    open: (path = '/') => {
      const socket = connect(port)
      let text = ''
      socket.setEncoding('utf8')
      socket.on('data', (chunk) => {
        text += chunk
      })
      socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
      return {
        socket,
        text: () => text,
        until: async (part: string) => {
          while (!text.includes(part)) await once(socket, 'data')
        },
      }
    },
  }
}

/** A log that is appended to, and how often it was asked by one who waits. */
function createLog() {
  const entries: Entry[] = []
  const waits: number[] = []
  let wake = () => {}
  const find = ({ since_id, kind }: Fields) =>
    entries.filter((entry) => Number(entry.id) > Number(since_id) && (kind === undefined || entry.kind === kind))
  return {
    waits,
    append: (kind: string, body = '') => {
      entries.push({ id: entries.length + 1, kind, body })
      wake()
    },
    ask: async (input: Fields) => {
      const since = { since_id: entries.length, ...input }
      if (input.wait_s !== 0) waits.push(since.since_id)
      if (input.wait_s !== 0 && find(since).length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
          setTimeout(resolve, 20)
        })
      }
      return { events: find(since), next_since_id: entries.length, epoch: 'one' }
    },
  }
}

describe('a stream of events', () => {
  it('cuts a reader off that leaves unread what it was sent, and has read no further for it', async () => {
    let asked = 0
    const { server, open } = await serve(async () => {
      asked += 1
      const ids = Array.from({ length: 16 }, (_, index) => asked * 16 + index)
      const events = ids.map((id) => ({ id, kind: 'message', body: 'x'.repeat(64 * 1024) }))
      return { events, next_since_id: asked * 16 }
    }, {})
    const { socket } = open()
    socket.pause()
    const [request] = await once(server, 'request')
    await once(request.socket, 'close')
    socket.destroy()
    // What the systems between the two take in is a few megabytes at the most: a page has one.
    expect(asked).toBeGreaterThan(0)
    expect(asked).toBeLessThan(50)
  })

  it('cuts a reader off that leaves unread what came while it waited, and nobody else', async () => {
    const log = createLog()
    const { server, open } = await serve(log.ask, {})
    const requested = once(server, 'request')
    const blocked = open()
    const [request] = await requested
    await blocked.until('hello')
    blocked.socket.pause()
    const reader = open()
    await reader.until('hello')
    let count = 0
    while (!request.socket.destroyed && count < 400) {
      count += 1
      log.append('message', 'x'.repeat(64 * 1024))
      await reader.until(`id: ${count}\n`)
    }
    // What the systems between the two take in is a few megabytes, and the reader beside it is fast.
    while (!request.socket.destroyed) await sleep(10)
    expect(reader.text().match(/^id: [1-9]\d*$/gm)).toHaveLength(count)
    blocked.socket.destroy()
  })

  it('is looked for once for all who wait, and by nobody once they have gone', async () => {
    const log = createLog()
    const { open } = await serve(log.ask, {})
    const readers = Array.from({ length: 20 }, () => open())
    await Promise.all(readers.map(({ until }) => until('hello')))
    await sleep(50)
    const before = log.waits.length
    log.append('message')
    await Promise.all(readers.map(({ until }) => until('id: 1\n')))
    expect(log.waits.length - before).toBeLessThan(5)
    for (const { socket } of readers) socket.destroy()
    await sleep(100)
    const after = log.waits.length
    await sleep(100)
    expect(log.waits.length).toBe(after)
  })

  it('breaks a silence with the cursor past what the reader did not ask for', async () => {
    const log = createLog()
    const { open } = await serve(log.ask, { silenceMs: 100 })
    const reader = open('/lane')
    await reader.until('hello')
    for (const kind of ['message', 'message', 'lane', 'message']) log.append(kind)
    await reader.until(':\nid: 4\n\n')
    expect(reader.text().match(/^(id|event): .*$/gm)).toEqual([
      'id: 0',
      'event: hello',
      'id: 3',
      'event: lane',
      'id: 4',
    ])
  })

  it('is cut off for all who wait when nobody can look any more', async () => {
    const log = createLog()
    let isBroken = false
    const { open } = await serve(async (input) => {
      if (isBroken && input.wait_s !== 0) throw new Error('the store is away')
      return log.ask(input)
    }, {})
    const readers = [open(), open()]
    await Promise.all(readers.map(({ until }) => until('hello')))
    isBroken = true
    await Promise.all(readers.map(({ socket }) => once(socket, 'close')))
    for (const { text } of readers) expect(text().endsWith('0\r\n\r\n')).toBe(false)
  })

  it('ends in good order when the server stops', async () => {
    const log = createLog()
    const { open, stopping } = await serve(log.ask, {})
    const readers = [open(), open()]
    await Promise.all(readers.map(({ until }) => until('hello')))
    stopping.abort()
    await Promise.all(readers.map(({ until }) => until('0\r\n\r\n')))
  })

  it('gives a reader what the others were told while it read by itself', async () => {
    const log = createLog()
    let asked = 0
    let answerLate = () => {}
    const { open } = await serve(async (input) => {
      const answer = await log.ask(input)
      if (input.wait_s === 0) asked += 1
      if (asked === 2 && input.wait_s === 0) {
        await new Promise<void>((resolve) => {
          answerLate = resolve
        })
      }
      return answer
    }, {})
    const first = open()
    await first.until('hello')
    const late = open()
    while (asked < 2) await sleep(1)
    log.append('message')
    await first.until('id: 1\n')
    answerLate()
    await late.until('id: 1\nevent: message')
    expect(late.text()).toContain('id: 0\nevent: hello')
  })

  it('gives a reader that read further by itself than the others nothing twice', async () => {
    const log = createLog()
    let late = () => {}
    const { open } = await serve(async (input) => {
      const answer = await log.ask(input)
      // The look for all has found it, and comes back only after the reader has been there.
      if (input.wait_s !== 0 && answer.events.length > 0) {
        await new Promise<void>((resolve) => {
          late = resolve
        })
      }
      return answer
    }, {})
    const first = open()
    await first.until('hello')
    log.append('message')
    await sleep(50)
    const second = open()
    await second.until('id: 1\nevent: hello')
    log.append('message')
    const third = open()
    await third.until('id: 2\nevent: hello')
    late()
    await first.until('id: 1\nevent: message')
    await sleep(50)
    late()
    await Promise.all([first, second].map(({ until }) => until('id: 2\nevent: message')))
    expect(second.text()).not.toContain('id: 1\nevent: message')
    expect(third.text()).not.toContain('event: message')
  })

  it('gives a reader that comes just after the others were told what they were told', async () => {
    const log = createLog()
    let isHeldBack = false
    const held = new Map<'look' | 'page', () => void>()
    const { open } = await serve(async (input) => {
      const answer = await log.ask(input)
      const kind = input.wait_s === 0 ? 'page' : 'look'
      if (isHeldBack && (kind === 'page' || answer.events.length > 0)) {
        await new Promise<void>((resolve) => held.set(kind, resolve))
      }
      return answer
    }, {})
    const first = open()
    await first.until('hello')
    while (log.waits.length === 0) await sleep(1)
    isHeldBack = true
    const second = open()
    while (!held.has('page')) await sleep(1)
    log.append('message')
    while (!held.has('look')) await sleep(1)
    isHeldBack = false
    // In one turn: the second is there when the look has told everybody, and has not gone on yet.
    held.get('look')?.()
    held.get('page')?.()
    await first.until('id: 1\nevent: message')
    await second.until('hello')
    log.append('message')
    await second.until('id: 2\nevent: message')
    expect(second.text()).toContain('id: 1\nevent: message')
  })
})
