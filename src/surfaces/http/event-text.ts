export type Fields = Readonly<Record<string, unknown>>

/** What an operation answers, and what its answer lists. */
export type Answer = Fields
export type Entry = Fields

/** When a reader that was cut off asks again, in milliseconds. */
const RETRY_MS = 2_000

/** When a reader of a bus that ends asks again: perhaps another one is there already. */
const RETRY_AFTER_STOP_MS = 500

export function listEntries(value: unknown): readonly Entry[] {
  return Array.isArray(value) ? value : []
}

export function writeHello(cursor: unknown, state: object): string {
  return `retry: ${RETRY_MS}\n${writeEvent(cursor, 'hello', state)}`
}

export function writeEntry(entry: Entry): string {
  return writeEvent(entry.id, String(entry.kind), entry)
}

/** Breaks a silence: an id without data moves the reader's cursor past what its filter left out. */
export function writeNothing(cursor: unknown): string {
  return `:\nid: ${cursor}\n\n`
}

/** The last word of a bus that ends. It moves no cursor. */
export function writeStopping(): string {
  const data = JSON.stringify({ retry_after_ms: RETRY_AFTER_STOP_MS })
  return `event: stopping\ndata: ${data}\nretry: ${RETRY_AFTER_STOP_MS}\n\n`
}

function writeEvent(id: unknown, kind: string, data: object): string {
  return `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`
}
