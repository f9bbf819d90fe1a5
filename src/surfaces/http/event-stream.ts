import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StreamSpec } from '../../core/operation.ts'
import { createEventHead, type StreamSource } from './event-head.ts'
import { type Answer, type Fields, listEntries, writeEntry, writeHello, writeStopping } from './event-text.ts'
import { type AnswerName, beginEventStream } from './respond.ts'

export interface EventStream {
  /** The input field that names the last entry that a reader has. */
  readonly cursor: string
  /**
   * Answers with Server-Sent Events (WHATWG HTML, section 9.2) until the reader goes: it reads by itself until it has
   * everything, and then waits with all the others. One that is slow reads by itself again, so that it costs only itself; one
   * that comes back with `Last-Event-ID` misses nothing.
   *
   * @returns When the stream has begun.
   * @throws {AppError} As the operation's first answer does, before anything is sent.
   */
  send(response: ServerResponse, input: Fields, name: AnswerName): Promise<void>
}

/** What is read at a time: with the largest bodies a megabyte, which is all that a slow reader can cost. */
const PAGE = { limit: 16, wait_s: 0 }

const BLOCKED_MS = 30_000

/** Whether a reader of an operation that can stream wants the stream: everybody but one that asks for JSON. */
export function wantsEventStream({ method, headers }: IncomingMessage): boolean {
  const accept = headers.accept ?? '*/*'
  return method === 'GET' && (accept.includes('text/event-stream') || !accept.includes('application/json'))
}

interface Reader {
  readonly response: ServerResponse
  readonly requestId: string
  readonly input: Fields
  /** The same, parsed. */
  readonly asked: Fields
}

/** @param limits For tests: how long a reader may leave what it was sent unread, and how long a silence may be, in milliseconds. */
export function createEventStream(
  source: StreamSource,
  { blockedMs = BLOCKED_MS, silenceMs }: { readonly blockedMs?: number; readonly silenceMs?: number } = {},
): EventStream {
  const { spec, parse, ask, stopping } = source
  const head = createEventHead(source, silenceMs)
  /** One page a turn of Node's loop, however many catch up at once: else everybody would wait for all of them. */
  let pageTurn: Promise<void> = Promise.resolve()
  const takePageTurn = () => {
    pageTurn = pageTurn.then(() => nextTurn())
    return pageTurn
  }

  const readOn = async ({ response, requestId, input, asked }: Reader, first: Answer): Promise<void> => {
    let answer = first
    while (!stopping.aborted && !response.destroyed) {
      const entries = listEntries(answer[spec.entries])
      for (const entry of entries) {
        response.write(writeEntry(entry))
        if (!(await isTaken(response, stopping, blockedMs))) return
      }
      let cursor = Number(answer[spec.nextCursor])
      if (entries.length === 0) {
        cursor = await head.follow(response, cursor, asked)
        if (stopping.aborted) break
        if (!(await isTaken(response, stopping, blockedMs))) return
      }
      await takePageTurn()
      answer = await ask({ ...input, ...PAGE, [spec.cursor]: cursor }, requestId)
    }
    // Whoever comes back at once may find another bus already, and misses nothing.
    response.end(writeStopping())
  }

  return {
    cursor: spec.cursor,
    send: async (response, input, name) => {
      const { requestId } = name
      const asked = parse({ ...input, ...PAGE })
      const answer = await ask({ ...input, ...PAGE }, requestId)
      beginEventStream(response, name)
      response.write(toHello(spec, input[spec.cursor], answer))
      // Nobody waits for its end: all who did would be kept for as long as the stream stands.
      void readOn({ response, requestId, input, asked }, answer).catch(() => response.destroy())
    },
  }
}

/** @param cursor The one that the reader came with; undefined for one that begins now. */
function toHello(spec: StreamSpec, cursor: unknown, answer: Answer): string {
  const { [spec.entries]: _, [spec.nextCursor]: next, ...state } = answer
  const begin = cursor ?? next
  return writeHello(begin, { [spec.cursor]: begin, ...state })
}

/** Waits until the reader has taken what it was sent; one that does not is cut off. */
async function isTaken(response: ServerResponse, stopping: AbortSignal, blockedMs: number): Promise<boolean> {
  if (!response.writableNeedDrain) return !response.destroyed
  const abort = new AbortController()
  const stop = () => abort.abort()
  const deadline = setTimeout(stop, blockedMs)
  response.on('close', stop)
  stopping.addEventListener('abort', stop)
  try {
    await once(response, 'drain', { signal: abort.signal })
    return true
  } catch {
    response.destroy()
    return false
  } finally {
    clearTimeout(deadline)
    response.off('close', stop)
    stopping.removeEventListener('abort', stop)
  }
}
