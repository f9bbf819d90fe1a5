import { type ReadonlySignal, signal } from '@preact/signals'
import type { BusClient } from '../../../client/index.ts'
import type { Live } from './live.ts'
import {
  addNewer,
  addOlder,
  EVERYTHING,
  fitsFilter,
  type Message,
  type MessageFilter,
  type MessageWindow,
  type Page,
  replaceMessage,
  toReadInput,
} from './messages.ts'

/** The messages that are looked at. What comes while somebody reads waits until they ask for it. */
export interface Feed {
  readonly window: ReadonlySignal<MessageWindow>
  /** New ones that are not shown yet. */
  readonly held: ReadonlySignal<readonly Message[]>
  readonly isLoading: ReadonlySignal<boolean>
  /** Why the last read failed, for people; empty when it did not. */
  readonly problem: ReadonlySignal<string>
  /** Shows what fits the filter from now on. */
  look(filter: MessageFilter): void
  readOlder(): void
  /** Somebody reads, so that nothing may move. */
  setReading(isReading: boolean): void
  showHeld(): void
  /** Shows what was posted from here, at once: whoever wrote it looks for it. */
  showOwn(message: Message): void
}

const NOTHING: MessageWindow = { messages: [], hasOlder: false }

export function createFeed(getClient: () => BusClient, live: Live): Feed {
  const window = signal(NOTHING)
  const held = signal<readonly Message[]>([])
  const isLoading = signal(false)
  const problem = signal('')
  let filter = EVERYTHING
  let isReading = false
  /** Of the latest read: what an earlier one answers is of no use any more. */
  let turn = 0

  const read = async (beforeId: number | undefined, take: (page: Page) => void) => {
    turn += 1
    const mine = turn
    isLoading.value = true
    try {
      const page = await getClient().messages.read(toReadInput(filter, beforeId))
      if (mine !== turn) return
      problem.value = ''
      take(page)
    } catch (error) {
      if (mine === turn) problem.value = error instanceof Error ? error.message : String(error)
    } finally {
      if (mine === turn) isLoading.value = false
    }
  }
  const readNewest = () =>
    read(undefined, (page) => {
      held.value = []
      window.value = addOlder(NOTHING, page)
    })
  const addNew = (messages: readonly Message[]) => {
    if (messages.length === 0) return
    if (isReading) held.value = [...held.value, ...messages]
    else window.value = addNewer(window.value, messages)
  }

  live.onMessage((message, isNew) => {
    if (!isNew) {
      window.value = replaceMessage(window.value, message)
      held.value = held.value.map((known) => (known.id === message.id ? message : known))
    } else if (fitsFilter(message, filter)) addNew([message])
  })
  live.generation.subscribe((generation) => {
    if (generation > 0) void readNewest()
  })

  return {
    ...{ window, held, isLoading, problem },
    look: (wanted) => {
      filter = wanted
      void readNewest()
    },
    readOlder: () => {
      const last = window.value.messages.at(-1)
      if (!last || !window.value.hasOlder || isLoading.value) return
      void read(last.id, (page) => {
        window.value = addOlder(window.value, page)
      })
    },
    setReading: (now) => {
      isReading = now
    },
    showHeld: () => {
      window.value = addNewer(window.value, held.value)
      held.value = []
    },
    showOwn: (message) => {
      if (!fitsFilter(message, filter)) return
      held.value = held.value.filter(({ id }) => id !== message.id)
      window.value = addNewer(window.value, [message])
    },
  }
}
