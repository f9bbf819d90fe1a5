import type { Reader } from '../../core/database.ts'
import {
  isAskedAgain,
  type MessageFilter,
  type MessageRow,
  readNewest,
  recallNewest,
  recallSince,
  selectNewestTexts,
  selectSince,
  selectSinceTexts,
} from '../log/index.ts'
import { readTexts, toWireMessage, WIRE_TEXT, writeMessage } from './wire.ts'

/** What a page is made of, and where it comes from: memory, or the store in the cheapest way. */
export interface Form<Entry> {
  /** Newest first; with `beforeId` the newest of those before it. */
  newest(reader: Reader, filter: MessageFilter, limit: number, beforeId?: number): Promise<readonly Entry[]>
  /** Oldest first, after `sinceId`. */
  since(reader: Reader, filter: MessageFilter, sinceId: number, limit: number): Promise<readonly Entry[]>
  idOf(entry: Entry): number
}

export const rows: Form<MessageRow> = {
  newest: readNewest,
  since: async (reader, filter, sinceId, limit) =>
    recallSince(reader, filter, sinceId, limit) ?? selectSince(reader, filter, sinceId, limit),
  idOf: ({ id }) => id,
}

/** Messages as the JSON that goes over the wire. */
export const texts: Form<string> = {
  newest: async (reader, filter, limit, beforeId) => {
    const known = recallNewest(reader, filter, limit, beforeId)
    if (known) return known.map(writeMessage)
    if (reader.engine === 'sqlite' && !isAskedAgain(reader, filter, beforeId)) {
      return readTexts(await selectNewestTexts(reader, WIRE_TEXT, filter, limit, beforeId))
    }
    return (await readNewest(reader, filter, limit, beforeId)).map(toText)
  },
  since: async (reader, filter, sinceId, limit) => {
    const known = recallSince(reader, filter, sinceId, limit)
    if (known) return known.map(writeMessage)
    if (reader.engine === 'sqlite') {
      return readTexts(await selectSinceTexts(reader, WIRE_TEXT, filter, sinceId, limit))
    }
    return (await selectSince(reader, filter, sinceId, limit)).map(toText)
  },
  idOf: (text) => JSON.parse(text).id,
}

function toText(row: MessageRow): string {
  return JSON.stringify(toWireMessage(row))
}
