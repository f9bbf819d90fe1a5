import type { Reader, Transaction } from '../../core/database.ts'
import type { Bounds } from './bounds.ts'
import {
  getMessageBounds,
  type MessageFilter,
  type MessageRow,
  selectNewest,
  selectNewestSizes,
  selectSinceSizes,
} from './messages-store.ts'

/** How many topics are remembered, and how much of them: some megabytes with the texts that are made of them. */
const MAX_PAGES = 256
const MAX_CHARACTERS = 4 * 1024 * 1024

/** How long a page may grow that began with all that there was. */
const MAX_ROWS = 512

/** Whoever asks for one topic after another, and more than so many, asks for none again: the pages would drive each other out. */
const MAX_ASKED = 64

/** What a message takes beside its body, about. */
const ROW_CHARACTERS = 200

/** The newest messages of a topic, or of all, as they were asked for. */
interface Page {
  /** Newest first. */
  rows: MessageRow[]
  /** There are no older ones. */
  isWhole: boolean
}

/** What is remembered of the committed messages. */
interface Recent {
  bounds: Bounds | undefined
  /** By topic, the one that was asked for last at the end; undefined stands for all topics. */
  readonly pages: Map<string | undefined, Page>
  characters: number
  /** The topics whose newest messages have been asked for. */
  readonly asked: Set<string | undefined>
}

const recents = new WeakMap<object, Recent>()

/** As `getMessageBounds`. */
export async function readBounds(reader: Reader): Promise<Bounds> {
  const recent = recentOf(reader)
  const bounds = recent?.bounds ?? (await getMessageBounds(reader))
  if (recent) recent.bounds = bounds
  return bounds
}

/** As `selectNewest`: what is asked for again is answered from memory, for to make rows is most of what a page costs. */
export async function readNewest(
  reader: Reader,
  filter: MessageFilter,
  limit: number,
  beforeId?: number,
): Promise<readonly MessageRow[]> {
  const known = recallNewest(reader, filter, limit, beforeId)
  if (known) return known
  const rows = await selectNewest(reader, filter, limit, beforeId)
  const recent = findRecent(reader, filter, beforeId)
  if (recent) keep(recent, filter.topic, { rows: [...rows], isWhole: rows.length < limit })
  return rows
}

/** What {@link readNewest} knows without asking; undefined when it would have to. */
export function recallNewest(
  reader: Reader,
  filter: MessageFilter,
  limit: number,
  beforeId?: number,
): readonly MessageRow[] | undefined {
  const recent = findRecent(reader, filter, beforeId)
  const page = recent && recall(recent, filter.topic)
  return page && (page.isWhole || page.rows.length >= limit) ? page.rows.slice(0, limit) : undefined
}

/** As `selectSince`, for as much as is known without asking; undefined when that does not reach back to the cursor. */
export function recallSince(
  reader: Reader,
  filter: MessageFilter,
  sinceId: number,
  limit: number,
): readonly MessageRow[] | undefined {
  const page = findRecent(reader, filter)?.pages.get(filter.topic)
  const oldest = page?.rows.at(-1)
  if (!page || !(page.isWhole || (oldest && oldest.id <= sinceId))) return undefined
  const end = page.rows.findIndex(({ id }) => id <= sinceId)
  return page.rows
    .slice(0, end === -1 ? undefined : end)
    .reverse()
    .slice(0, limit)
}

/** The sizes of the bodies of as many as {@link readNewest} would show, in bytes. */
export async function readNewestSizes(
  reader: Reader,
  filter: MessageFilter,
  limit: number,
  beforeId?: number,
): Promise<readonly number[]> {
  const known = recallNewest(reader, filter, limit, beforeId)
  return known ? known.map(toBodySize) : selectNewestSizes(reader, filter, limit, beforeId)
}

/** Likewise, of those after `sinceId`. */
export async function readSinceSizes(
  reader: Reader,
  filter: MessageFilter,
  sinceId: number,
  limit: number,
): Promise<readonly number[]> {
  const known = recallSince(reader, filter, sinceId, limit)
  return known ? known.map(toBodySize) : selectSinceSizes(reader, filter, sinceId, limit)
}

function toBodySize({ body }: MessageRow): number {
  return Buffer.byteLength(body)
}

/** Whether the newest are asked for again: one page that is asked for once is not worth its rows. */
export function isAskedAgain(reader: Reader, filter: MessageFilter, beforeId?: number): boolean {
  const asked = findRecent(reader, filter, beforeId)?.asked
  if (!asked || asked.has(filter.topic)) return asked !== undefined
  if (asked.size >= MAX_ASKED) asked.clear()
  asked.add(filter.topic)
  return false
}

/** Keeps what is remembered true: a message has been appended. */
export function rememberAppended(transaction: Transaction, row: MessageRow): void {
  transaction.afterCommit((committed) => {
    const recent = recents.get(committed)
    if (!recent) return
    if (recent.bounds) recent.bounds = { ...recent.bounds, headId: row.id }
    for (const topic of [undefined, row.topic]) {
      const page = recent.pages.get(topic)
      if (!page) continue
      if (page.rows.length >= MAX_ROWS) page.isWhole = false
      page.rows.unshift(row)
      recent.characters += sizeOf(row)
      if (!page.isWhole) recent.characters -= sizeOf(page.rows.pop())
    }
    makeRoom(recent)
  })
}

/** A message is another one now. */
export function rememberChanged(transaction: Transaction, row: MessageRow): void {
  transaction.afterCommit((committed) => {
    const recent = recents.get(committed)
    for (const topic of [undefined, row.topic]) {
      const page = recent?.pages.get(topic)
      if (page) page.rows = page.rows.map((old) => (old.id === row.id ? row : old))
    }
  })
}

/** Messages have been dropped. That is seldom, and which pages they were on is not worth to know. */
export function forgetRecent(transaction: Transaction): void {
  transaction.afterCommit((committed) => recents.delete(committed))
}

/** Where a page may be remembered: the newest, of a topic or of all. */
function findRecent(reader: Reader, filter: MessageFilter, beforeId?: number): Recent | undefined {
  return beforeId === undefined && isByTopicAlone(filter) ? recentOf(reader) : undefined
}

function recentOf({ committed }: Reader): Recent | undefined {
  if (!committed) return undefined
  const known = recents.get(committed)
  if (known) return known
  const recent: Recent = { bounds: undefined, pages: new Map(), characters: 0, asked: new Set() }
  recents.set(committed, recent)
  return recent
}

function recall({ pages }: Recent, topic: string | undefined): Page | undefined {
  const page = pages.get(topic)
  if (page) {
    pages.delete(topic)
    pages.set(topic, page)
  }
  return page
}

function keep(recent: Recent, topic: string | undefined, page: Page): void {
  drop(recent, topic)
  // It would drive all others out, and then itself.
  if (page.rows.reduce((sum, row) => sum + sizeOf(row), 0) > MAX_CHARACTERS) return
  recent.pages.set(topic, page)
  for (const row of page.rows) recent.characters += sizeOf(row)
  makeRoom(recent)
}

function makeRoom(recent: Recent): void {
  for (const topic of recent.pages.keys()) {
    if (recent.pages.size <= MAX_PAGES && recent.characters <= MAX_CHARACTERS) return
    drop(recent, topic)
  }
}

function drop(recent: Recent, topic: string | undefined): void {
  for (const row of recent.pages.get(topic)?.rows ?? []) recent.characters -= sizeOf(row)
  recent.pages.delete(topic)
}

function sizeOf(row: MessageRow | undefined): number {
  return row ? row.body.length + ROW_CHARACTERS : 0
}

function isByTopicAlone({ sender, flagged, recipient, threadId, search }: MessageFilter): boolean {
  return [sender, flagged, recipient, threadId, search].every((condition) => condition === undefined)
}
