import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import {
  isInitializeRequest,
  type McpServer,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import { type Session, serveInSession } from './session.ts'

export interface SessionLimits {
  /** How long a session is kept without a stream and without a request under way, in milliseconds. */
  readonly idleMs: number
  /** How many sessions there are at most, and how many ended ones are remembered. */
  readonly count: number
  /** How long calls under way may take to end at shutdown, in milliseconds. */
  readonly lastCallsMs: number
}

/**
 * A client that comes back after ten minutes is served without a session, and so loses little; one that listens has a
 * stream, and is never idle. As many as the SDK allows subscriptions in the revision after these.
 */
const SESSION_LIMITS: SessionLimits = { idleMs: 10 * 60_000, count: 1024, lastCallsMs: 1_000 }

/** The open sessions of clients of 2025. */
export interface Sessions {
  /**
   * Answers what belongs to a session, and opens one for `initialize`.
   *
   * @param body The parsed body; undefined when the request has none.
   * @returns Undefined for what belongs to none that is known here.
   */
  answer(request: Request, body: unknown): Promise<Response | undefined>
  /** How many are open. */
  count(): number
  /** Ends the streams at once, and the sessions once their calls under way have ended, or soon. Opens no more. */
  close(): Promise<void>
}

/** @param createServer Makes the server of a session, given the request that opens it. */
export function createSessions(
  createServer: (request: Request) => McpServer,
  { idleMs, count, lastCallsMs }: SessionLimits = SESSION_LIMITS,
): Sessions {
  /** In the order of their last sign of life, the oldest first. */
  const sessions = new Map<string, Session>()
  const idleTimers = new WeakMap<Session, ReturnType<typeof setTimeout>>()
  const ended = createMemory(count)
  let isClosed = false

  const onSign = (id: string, session: Session) => {
    clearTimeout(idleTimers.get(session))
    if (!sessions.delete(id)) return
    sessions.set(id, session)
    if (isIdle(session)) idleTimers.set(session, setTimeout(() => void session.server.close(), idleMs).unref())
  }
  const serve = (id: string, session: Session, request: Request, body: unknown) =>
    serveInSession(session, request, body, () => onSign(id, session))

  const open = async (request: Request, body: unknown) => {
    const id = randomUUID()
    const server = createServer(request)
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => id,
      onsessioninitialized: () => {
        if (sessions.size >= count) void findVictim(sessions)?.server.close()
        sessions.set(id, session)
      },
      onsessionclosed: ended.add,
    })
    const session: Session = { server, transport, underWay: new Map(), alone: new Set() }
    transport.onclose = () => {
      clearTimeout(idleTimers.get(session))
      sessions.delete(id)
    }
    await server.connect(transport)
    return serve(id, session, request, body)
  }

  return {
    answer: async (request, body) => {
      const id = request.headers.get('mcp-session-id')
      const session = sessions.get(id ?? '')
      if (id !== null && session) return serve(id, session, request, body)
      if (id !== null && (request.method !== 'POST' || ended.has(id))) return sessionNotFound()
      return isInitializeRequest(body) && !isClosed ? open(request, body) : undefined
    },
    count: () => sessions.size,
    close: async () => {
      isClosed = true
      const all = [...sessions.values()]
      for (const { transport } of all) transport.closeStandaloneSSEStream()
      const ends = all.flatMap(({ underWay }) => [...underWay.keys()])
      await Promise.race([Promise.all(ends), wait(lastCallsMs, undefined, { ref: false })])
      await Promise.all(all.map(({ server }) => server.close()))
    },
  }
}

function isIdle({ underWay }: Session): boolean {
  return underWay.size === 0
}

/** The one that has been idle for longest; when none is, the one that showed no sign of life for longest. */
function findVictim(sessions: ReadonlyMap<string, Session>): Session | undefined {
  const all = [...sessions.values()]
  return all.find(isIdle) ?? all[0]
}

/** In the words of the SDK for an id that is not its transport's. */
function sessionNotFound(): Response {
  const error = { code: -32001, message: 'Session not found' }
  return Response.json({ jsonrpc: '2.0', error, id: null }, { status: 404 })
}

/** Remembers the last so many names. */
function createMemory(count: number): { add(name: string): void; has(name: string): boolean } {
  const names = new Set<string>()
  return {
    add: (name) => {
      names.add(name)
      const [oldest] = names
      if (names.size > count && oldest !== undefined) names.delete(oldest)
    },
    has: (name) => names.has(name),
  }
}
