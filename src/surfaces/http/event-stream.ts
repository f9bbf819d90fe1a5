import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { StreamSpec } from '../../core/operation.ts'

type Answer = Readonly<Record<string, unknown>>

export interface EventStream {
  readonly spec: StreamSpec
  /** The cursor that the reader came with; undefined for one that begins now. */
  readonly cursor: unknown
  /** Asks the operation, with these input fields in place of the reader's. */
  readonly ask: (fields: Readonly<Record<string, unknown>>) => Promise<Answer>
  /** Aborts when the reader is gone, or when the server stops. */
  readonly signal: AbortSignal
  /** How long a reader may leave what it was sent unread, in milliseconds. */
  readonly blockedMs?: number
}

/** After how long a silence is broken, in seconds: proxies cut a connection off that is silent for a minute or so. */
const SILENCE_SECONDS = 15

/** What is read at a time: with the largest bodies a megabyte, which is all that a slow reader can cost. */
const ENTRIES_AT_A_TIME = 16

/** When a reader that was cut off asks again, in milliseconds. */
const RETRY_MS = 2_000

const BLOCKED_MS = 30_000

/** Whether a reader of an operation that can stream wants the stream: everybody but one that asks for JSON. */
export function wantsEventStream({ method, headers }: IncomingMessage): boolean {
  const accept = headers.accept ?? '*/*'
  return method === 'GET' && (accept.includes('text/event-stream') || !accept.includes('application/json'))
}

/**
 * Answers with Server-Sent Events (WHATWG HTML, section 9.2) until the reader goes: a loop of a cursor over the operation,
 * so that a slow reader costs only itself, and one that comes back with `Last-Event-ID` misses nothing.
 *
 * Rejects, before anything is sent, as the operation's first answer does.
 */
export async function sendEventStream(response: ServerResponse, stream: EventStream): Promise<void> {
  const { spec, ask, signal, blockedMs = BLOCKED_MS } = stream
  const { entries, cursor, nextCursor } = spec
  const page = { limit: ENTRIES_AT_A_TIME }
  let answer = await ask({ ...page, wait_s: 0 })
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // Proxies of the nginx kind would keep events back until they have many.
    'x-accel-buffering': 'no',
  })
  const { [entries]: _, [nextCursor]: next, ...state } = answer
  const begin = stream.cursor ?? next
  response.write(`retry: ${RETRY_MS}\n${toEvent(begin, 'hello', { [cursor]: begin, ...state })}`)
  while (!signal.aborted) {
    for (const entry of listEntries(answer[entries])) {
      if (response.write(toEvent(entry.id, String(entry.kind), entry))) continue
      if (!(await drains(response, signal, blockedMs))) return
    }
    answer = await ask({ ...page, [cursor]: answer[nextCursor], wait_s: SILENCE_SECONDS })
    // An id without data moves the reader's cursor past what its filter left out.
    if (listEntries(answer[entries]).length === 0) response.write(`:\nid: ${answer[nextCursor]}\n\n`)
  }
  response.end()
}

function toEvent(id: unknown, kind: string, data: object): string {
  return `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`
}

function listEntries(value: unknown): readonly Answer[] {
  return Array.isArray(value) ? value : []
}

/** Waits until the reader has taken what it was sent; one that does not is cut off. */
async function drains(response: ServerResponse, signal: AbortSignal, blockedMs: number): Promise<boolean> {
  const deadline = AbortSignal.timeout(blockedMs)
  const abort = new AbortController()
  const stop = () => abort.abort()
  for (const source of [signal, deadline]) source.addEventListener('abort', stop, { once: true })
  try {
    await once(response, 'drain', { signal: abort.signal })
    return true
  } catch {
    response.destroy()
    return false
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
