import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StreamSpec } from '../../core/operation.ts'
import { type Answer, type Entry, type Fields, listEntries, writeEntry, writeNothing } from './event-text.ts'

/** After how long a silence is broken, in milliseconds: proxies cut a connection off that is silent for a minute or so. */
const SILENCE_MS = 15_000

/** How long a look waits for something to happen, in seconds; then it is seen whose silence has become too long. */
const LOOK_SECONDS = 1

/** What one look reads: with the largest bodies a megabyte, which is all that a slow reader can cost. */
const ENTRIES_AT_A_TIME = 16

/** How many readers are sent something before others have a turn: a thousand at once would keep everybody waiting. */
const READERS_A_TURN = 16

/** An operation that can stream, and the server that it streams from. */
export interface StreamSource {
  readonly spec: StreamSpec
  /** @throws {AppError} `invalid_request`. */
  readonly parse: (input: Fields) => Fields
  readonly ask: (input: Fields, requestId: string) => Promise<Answer>
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal
}

/** The newest end of a stream of events, where all readers wait that have everything. */
export interface EventHead {
  /**
   * Sends the reader what comes after its cursor, until it is gone or too slow, or the server stops.
   *
   * @param asked What it asked for, parsed.
   * @returns The cursor that it has got to; at once for one that is behind the others, and must read on by itself.
   * @throws {AppError} When the operation fails.
   */
  follow(response: ServerResponse, cursor: number, asked: Fields): Promise<number>
}

interface Follower {
  readonly response: ServerResponse
  readonly asked: Fields
  /** The last entry that it has, or that it did not ask for. */
  cursor: number
  /** When it was sent something, in milliseconds of `performance.now()`. */
  sentAt: number
  /** Ends its waiting; with an error, if there is one. */
  readonly leave: (error?: unknown) => void
}

interface News {
  readonly id: number
  readonly entry: Entry
  /** In bytes, so that a thousand readers share one copy of it also while it waits to be sent. */
  readonly text: Buffer
}

/** Looks once for all who wait: what happens is read, checked and written once, however many follow it. */
export function createEventHead({ spec, ask, stopping }: StreamSource, silenceMs: number = SILENCE_MS): EventHead {
  const requestId = randomUUID()
  const followers = new Set<Follower>()
  /** How far the looks have got; undefined while nobody looks. */
  let position: number | undefined

  const look = async (since: number): Promise<void> => {
    const fields = { limit: ENTRIES_AT_A_TIME, [spec.cursor]: since, wait_s: LOOK_SECONDS }
    const answer = await ask(fields, requestId)
    const news = listEntries(answer[spec.entries]).map(toNews)
    const until = Number(answer[spec.nextCursor])
    // Before anybody is sent anything: one that comes while they are, or just after, is behind, and must not think otherwise.
    position = until
    let count = 0
    for (const follower of followers) {
      // Node sends at the end of a turn.
      if (count > 0 && count % READERS_A_TURN === 0 && news.length > 0) await nextTurn()
      count += 1
      // It has not taken what the last look brought: it would cost more with each look.
      if (follower.response.writableNeedDrain) follower.leave()
      else sendNews(follower, news, until)
    }
  }

  const run = async (from: number): Promise<void> => {
    position = from
    let error: unknown
    try {
      while (followers.size > 0 && !stopping.aborted) {
        await look(position)
        // Node sends at the end of a turn.
        await nextTurn()
      }
    } catch (thrown) {
      error = thrown
    }
    position = undefined
    for (const { leave } of followers) leave(error)
  }

  /** Those that it did not ask for it has passed; a reader may also have read further by itself than the last look. */
  const sendNews = (follower: Follower, news: readonly News[], until: number) => {
    const { response, asked, cursor } = follower
    const now = performance.now()
    follower.cursor = Math.max(cursor, until)
    for (const { id, entry, text } of news) {
      if (id <= cursor || !spec.fits(entry, asked)) continue
      response.write(text)
      follower.sentAt = now
    }
    if (now - follower.sentAt < silenceMs) return
    response.write(writeNothing(follower.cursor))
    follower.sentAt = now
  }

  return {
    follow: async (response, cursor, asked) => {
      if (response.destroyed || (position !== undefined && cursor < position)) return cursor
      return new Promise((resolve, reject) => {
        const leave = (error?: unknown) => {
          followers.delete(follower)
          response.off('close', leave)
          if (error === undefined) resolve(follower.cursor)
          else reject(error)
        }
        const follower: Follower = { response, asked, cursor, sentAt: performance.now(), leave }
        response.on('close', leave)
        followers.add(follower)
        if (position === undefined) void run(cursor)
      })
    },
  }
}

function toNews(entry: Entry): News {
  return { id: Number(entry.id), entry, text: Buffer.from(writeEntry(entry)) }
}
