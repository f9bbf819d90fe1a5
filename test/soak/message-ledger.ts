import { createHash } from 'node:crypto'
import type { Raise } from './alarms.ts'

export interface SeenMessage {
  readonly id: number
  readonly body: string
}

/** What all agents together know of the messages. */
export interface MessageLedger {
  /** A body that says whose message it is, and the how manyeth. */
  write(author: string, padding?: string): string
  /** The bus has acknowledged it. */
  posted(id: number, body: string): void
  /** A message as a reader of all of them meets it. */
  read(reader: string, message: SeenMessage): void
  /** What was acknowledged and that no reader has met yet: nothing may be left when all have read to the end. */
  countUnread(): number
  counts(): { readonly posted: number; readonly seen: number }
}

/** So many messages are remembered that were read: the slowest reader is not further behind. */
const KEPT = 50_000

const OWN = /^soak (\S+) (\d+)\n/

export function createMessageLedger(raise: Raise): MessageLedger {
  const written = new Map<string, number>()
  /** By author, the number of the newest message that was met. */
  const met = new Map<string, number>()
  /** What the bus said that it took, until it was met. */
  const unread = new Map<number, string>()
  const seen = new Map<number, string>()
  const cursors = new Map<string, number>()
  let frontier = 0
  let posted = 0

  /** Those who read all begin at the beginning, so the first to meet a message has met all before it. */
  const meetFirst = ({ id, body }: SeenMessage, hash: string) => {
    frontier = id
    seen.set(id, hash)
    seen.delete(id - KEPT)
    const expected = unread.get(id)
    unread.delete(id)
    if (expected !== undefined && expected !== hash) raise('lost message', `message ${id} is not what was posted`)
    const [, author, text] = OWN.exec(body) ?? []
    if (author === undefined) return
    const number = Number(text)
    const last = met.get(author) ?? 0
    if (number <= last) raise('doubled message', `message ${id}: number ${number} of ${author} came after ${last}`)
    met.set(author, Math.max(last, number))
  }

  return {
    write: (author, padding = '') => {
      const number = (written.get(author) ?? 0) + 1
      written.set(author, number)
      return `soak ${author} ${number}\n${padding}`
    },
    posted: (id, body) => {
      posted += 1
      const hash = digest(body)
      const met = seen.get(id)
      if (met === undefined && id <= frontier) {
        // Forgotten already: whoever posted it waited for its answer for very long.
        if (id > frontier - KEPT) raise('lost message', `message ${id} was acknowledged, and no reader met it`)
      } else if (met !== undefined && met !== hash) raise('lost message', `message ${id} is not what was posted`)
      const other = unread.get(id)
      if (other !== undefined) raise('doubled message', `id ${id} was given to two messages`)
      if (met === undefined && id > frontier) unread.set(id, hash)
    },
    read: (reader, message) => {
      const { id } = message
      const last = cursors.get(reader) ?? 0
      if (id !== last + 1) raise('gap', `${reader} met message ${id} after ${last}`)
      cursors.set(reader, id)
      const hash = digest(message.body)
      if (id > frontier) meetFirst(message, hash)
      else if ((seen.get(id) ?? hash) !== hash) raise('lost message', `message ${id} is another one to ${reader}`)
    },
    countUnread: () => unread.size,
    counts: () => ({ posted, seen: frontier }),
  }
}

function digest(body: string): string {
  return createHash('sha1').update(body).digest('base64')
}
