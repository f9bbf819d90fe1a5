import type { Input, Output } from '../../../client/index.ts'

export type Message = Output<'messages.get'>

/** What is looked at. An empty text stands for everything. */
export interface MessageFilter {
  readonly topic: string
  readonly sender: string
  readonly search: string
  readonly flagged: boolean
  /** The message that began the thread; 0 for all. */
  readonly thread: number
  /** Begins with this message and what came before it; 0 for the newest. */
  readonly from: number
}

export const EVERYTHING: MessageFilter = { topic: '', sender: '', search: '', flagged: false, thread: 0, from: 0 }

/** Whether nothing is filtered out. */
export function isEverything(filter: MessageFilter): boolean {
  return JSON.stringify(filter) === JSON.stringify(EVERYTHING)
}

/** A stretch of the log as it is shown, newest first. */
export interface MessageWindow {
  readonly messages: readonly Message[]
  /** There may be older ones. */
  readonly hasOlder: boolean
}

export const PAGE = 100

/** What the bus answers. A page of large messages has fewer than it was asked for. */
export type Page = Pick<Output<'messages.read'>, 'messages' | 'more'>

/** More rows would make a page slow; those at the far end are read again when somebody scrolls back. */
export const MAX_SHOWN = 1_000

/** The input fields of a read. @param beforeId Only older ones; the newest when left out. */
export function toReadInput(filter: MessageFilter, beforeId?: number): Input<'messages.read'> {
  const { topic, sender, search, flagged, thread, from } = filter
  const before = beforeId ?? (from > 0 ? from + 1 : undefined)
  return {
    ...(topic === '' ? {} : { topic }),
    ...(sender === '' ? {} : { sender }),
    ...(search.trim() === '' ? {} : { search: search.trim() }),
    ...(flagged ? { flagged: true } : {}),
    ...(thread === 0 ? {} : { thread_id: thread }),
    ...(before === undefined ? {} : { before_id: before }),
    limit: PAGE,
  }
}

/** Whether a message that has just come belongs into the window. A search is the bus's to decide. */
export function fitsFilter(message: Message, { topic, sender, flagged, thread, search, from }: MessageFilter): boolean {
  if (search.trim() !== '' || from !== 0) return false
  return (
    (topic === '' || message.topic === topic) &&
    (sender === '' || message.sender === sender) &&
    (!flagged || message.action_flag) &&
    (thread === 0 || message.thread_id === thread || message.id === thread)
  )
}

/** Puts newer messages on top, each once; the oldest go when there are too many. */
export function addNewer(window: MessageWindow, newer: readonly Message[]): MessageWindow {
  const known = new Set(window.messages.map(({ id }) => id))
  const added = newer.filter(({ id }) => !known.has(id)).sort((one, other) => other.id - one.id)
  if (added.length === 0) return window
  const messages = [...added, ...window.messages]
  return { messages: messages.slice(0, MAX_SHOWN), hasOlder: window.hasOlder || messages.length > MAX_SHOWN }
}

/** Puts a page of older ones below. */
export function addOlder(window: MessageWindow, { messages, more }: Page): MessageWindow {
  return { messages: [...window.messages, ...messages], hasOlder: more }
}

/** A message as it is now, in the place of what was known of it. */
export function replaceMessage(window: MessageWindow, changed: Message): MessageWindow {
  if (!window.messages.some(({ id }) => id === changed.id)) return window
  return { ...window, messages: window.messages.map((message) => (message.id === changed.id ? changed : message)) }
}
