import { batch, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import type { BusClient, Output } from '../../../client/index.ts'
import { applyChange, type LaneMap, mergeLanes, settleWaiters, type WireLane } from './lanes.ts'
import type { Message } from './messages.ts'
import { type Pulse, startPulse } from './pulse.ts'
import { openEvents } from './stream.ts'
import type { BusClock } from './time.ts'

type BusEvent = Output<'events.read'>['events'][number]

/** What the whole page shows of the bus, kept up to date. */
export interface Live extends Pick<Pulse, 'link' | 'attention'> {
  readonly lanes: ReadonlySignal<LaneMap>
  /** Rises with every change of any lane, and when everything was read anew. */
  readonly changes: ReadonlySignal<number>
  /** Rises when everything was read anew: at the beginning, and when the log is another one. */
  readonly generation: ReadonlySignal<number>
  /** When the log became another one, by the bus's clock; 0 while it has not, or when that was taken note of. */
  readonly replacedAt: Signal<number>
  /** Calls back for each message that is posted or acknowledged. @returns Ends it. */
  onMessage(listener: (message: Message, isNew: boolean) => void): () => void
  /** Asks at once what waits for somebody, as after a change that was made here. */
  refresh(): void
  /** Reads the free lanes, too. */
  readFree(): Promise<void>
}

/** How long events are gathered before they are shown together: about one frame. */
const GATHER_MS = 16
/** The largest page of lanes. */
const PAGE = 500

export function startLive(getClient: () => BusClient, eventsUrl: string, clock: BusClock): Live {
  const lanes = signal<LaneMap>(new Map())
  const changes = signal(0)
  const generation = signal(0)
  const replacedAt = signal(0)
  const listeners = new Set<(message: Message, isNew: boolean) => void>()
  const pulse = startPulse(getClient, clock, ({ items }) => {
    const told = items.flatMap(({ lane }) => lane ?? [])
    lanes.value = settleWaiters(mergeLanes(lanes.value, told), items)
  })

  const readAgain = async (name: string) => {
    const { lane } = await getClient().lanes.get({ lane: name })
    lanes.value = mergeLanes(lanes.value, [lane])
    changes.value += 1
  }
  const show = (events: readonly BusEvent[]) => {
    const next = new Map(lanes.value)
    for (const { lane: name, change } of events) {
      if (name === undefined || !change) continue
      const changed = applyChange(next.get(name), name, change)
      if (changed) next.set(name, changed)
      // What cannot be read now comes with the next change of that lane.
      else readAgain(name).catch(() => {})
    }
    batch(() => {
      lanes.value = next
      changes.value += 1
      for (const { kind, message } of events) {
        if (message) for (const listener of listeners) listener(message, kind === 'message')
      }
    })
    pulse.askSoon()
  }
  /** Held ones first: one that lapses between the two questions is in both answers, and never in none. */
  const readAll = async () => {
    const read = [...(await readLanes(getClient(), 'held')), ...(await readLanes(getClient(), 'orphaned'))]
    batch(() => {
      lanes.value = mergeLanes(new Map(), read)
      changes.value += 1
      generation.value += 1
    })
    await pulse.ask()
  }

  let gathered: BusEvent[] = []
  openEvents(eventsUrl, {
    onBegin: readAll,
    onReplaced: () => {
      replacedAt.value = clock.now()
    },
    onEvent: (event) => {
      if (gathered.push(event) > 1) return
      setTimeout(() => {
        const events = gathered
        gathered = []
        show(events)
      }, GATHER_MS)
    },
    onState: (isOpen) => {
      pulse.setStreaming(isOpen)
      if (isOpen) pulse.askSoon()
    },
  })

  const { link, attention } = pulse
  return {
    ...{ link, attention, lanes, changes, generation, replacedAt },
    onMessage: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    refresh: () => void pulse.ask(),
    readFree: async () => {
      lanes.value = mergeLanes(lanes.value, await readLanes(getClient(), 'free'))
    },
  }
}

/** All lanes in this state, page by page. */
async function readLanes({ lanes }: BusClient, state: 'held' | 'orphaned' | 'free'): Promise<WireLane[]> {
  const read: WireLane[] = []
  let after: string | undefined
  do {
    const page = await lanes.list({ state, limit: PAGE, ...(after === undefined ? {} : { after }) })
    read.push(...page.lanes)
    after = page.next_after ?? undefined
  } while (after !== undefined)
  return read
}
