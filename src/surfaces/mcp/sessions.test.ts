import { McpServer } from '@modelcontextprotocol/server'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { nameSession, openSession, postMcp, readMessages } from '../../../test/support/http-session.ts'
import { initialize, request, toolCall } from '../../../test/support/json-rpc.ts'
import { createSessions, type SessionLimits } from './sessions.ts'

const URL = 'http://localhost/mcp'
/** What `answer` leaves to others. */
const NOT_OURS = 421

/** Sessions without a network, of servers with one tool: `wait`, which ends when the test says so. */
function startSessions(limits: Partial<SessionLimits> = {}) {
  const waiting: (() => void)[] = []
  const createServer = () => {
    const server = new McpServer({ name: 'test', version: '1' }, { capabilities: { logging: {} } })
    server.registerTool('wait', {}, async () => {
      await new Promise<void>((resolve) => waiting.push(resolve))
      return { content: [] }
    })
    return server
  }
  const sessions = createSessions(createServer, { idleMs: 60_000, count: 10, lastCallsMs: 60_000, ...limits })
  const send = async (sent: Request) => {
    const body: unknown = sent.method === 'POST' ? await sent.clone().json() : undefined
    return (await sessions.answer(sent, body)) ?? new Response(null, { status: NOT_OURS })
  }
  onTestFinished(() => {
    for (const end of waiting) end()
    return sessions.close()
  })
  const open = () => openSession(URL, {}, send)
  const isOpen = async (id: string) => (await readMessages(await nameSession(URL, id, send).post(ping))).length > 0
  return { sessions, send, open, isOpen, endCalls: () => waiting.splice(0).map((end) => end()) }
}

const ping = request('p', 'ping')

function fakeTimers() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
}

describe('sessions that are idle', () => {
  it('are forgotten after a time, counted from the end of their last request', async () => {
    fakeTimers()
    const { sessions, open, send } = startSessions({ idleMs: 1000 })
    const session = await open()
    for (let i = 0; i < 3; i++) {
      await vi.advanceTimersByTimeAsync(900)
      expect(await session.post(ping).then(readMessages)).toMatchObject([{ id: 'p' }])
    }
    await vi.advanceTimersByTimeAsync(1100)
    expect(sessions.count()).toBe(0)
    expect((await nameSession(URL, session.id, send).post(ping)).status).toBe(NOT_OURS)
  })

  it('are not those with a stream or with a call under way', async () => {
    fakeTimers()
    const { sessions, open, endCalls } = startSessions({ idleMs: 1000 })
    const [listening, calling] = [await open(), await open()]
    const gone = new AbortController()
    await listening.listen({ signal: gone.signal })
    const call = await calling.post(toolCall(1, 'wait'))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sessions.count()).toBe(2)
    endCalls()
    expect(await readMessages(call)).toMatchObject([{ id: 1 }])
    gone.abort()
    await vi.advanceTimersByTimeAsync(1100)
    expect(sessions.count()).toBe(0)
  })
})

describe('sessions that are as many as may be', () => {
  it('make room by the one that has been idle for longest', async () => {
    const { open, isOpen } = startSessions({ count: 3 })
    const [one, two, three] = [await open(), await open(), await open()]
    await one.post(ping).then(readMessages)
    const four = await open()
    const found = await Promise.all([one, two, three, four].map(({ id }) => isOpen(id)))
    expect(found).toEqual([true, false, true, true])
  })

  it('make room by none with a stream or a call under way', async () => {
    const { open, isOpen, endCalls } = startSessions({ count: 3 })
    const [listening, calling, idle] = [await open(), await open(), await open()]
    const stream = (await listening.listen()).text()
    const call = (await calling.post(toolCall(1, 'wait'))).text()
    await idle.post(ping).then(readMessages)
    const fourth = await open()
    const found = await Promise.all([listening, calling, idle, fourth].map(({ id }) => isOpen(id)))
    expect(found).toEqual([true, true, false, true])
    endCalls()
    expect(await call).toContain('result')
    await listening.end()
    await stream
  })

  it('make room by the one that was silent for longest when all have one, and its stream ends', async () => {
    const { open, isOpen } = startSessions({ count: 2 })
    const [one, two] = [await open(), await open()]
    const streams = [readMessages(await one.listen()), readMessages(await two.listen())]
    const third = await open()
    expect(await Promise.all([one, two, third].map(({ id }) => isOpen(id)))).toEqual([false, true, true])
    await two.end()
    expect(await Promise.all(streams)).toEqual([[], []])
  })

  it('remember as many of those that were ended', async () => {
    const { open } = startSessions({ count: 2 })
    const ended = []
    for (let i = 0; i < 3; i++) {
      const session = await open()
      await session.end()
      ended.push(session)
    }
    const statuses = await Promise.all(ended.map(async (session) => (await session.post(ping)).status))
    expect(statuses).toEqual([NOT_OURS, 404, 404])
  })
})

describe('the close of all sessions', () => {
  it('ends streams at once, and waits for the calls under way', async () => {
    const { sessions, open, endCalls } = startSessions()
    const session = await open()
    const stream = await session.listen()
    const call = await session.post(toolCall(1, 'wait'))
    const closed = sessions.close()
    expect(await readMessages(stream)).toEqual([])
    endCalls()
    expect(await readMessages(call)).toMatchObject([{ id: 1, result: { content: [] } }])
    await closed
  })

  it('cuts off calls that take too long, and opens no session any more', async () => {
    const { sessions, open, send } = startSessions({ lastCallsMs: 30 })
    const session = await open()
    const call = await session.post(toolCall(1, 'wait'))
    await sessions.close()
    expect(await readMessages(call)).toEqual([])
    expect((await postMcp(URL, initialize(), {}, send)).status).toBe(NOT_OURS)
  })
})
