import { BusApiError, type BusClient, BusUnreachable, createBusClient } from '../../src/client/index.ts'

/** What the bus acknowledged: for good, whatever happens to its process or its disk. */
export interface Ledger {
  readonly messages: { readonly id: number; readonly body: string; readonly at: number }[]
  readonly laneEvents: {
    readonly lane: string
    readonly rev: number
    readonly fence: number
    readonly owner: string
    readonly at: number
  }[]
  /** Writes that were refused as `store_unavailable`. */
  refused: number
}

export function createLedger(): Ledger {
  return { messages: [], laneEvents: [], refused: 0 }
}

export function countAcknowledged({ messages, laneEvents }: Ledger, until = Number.POSITIVE_INFINITY): number {
  return [...messages, ...laneEvents].filter(({ at }) => at <= until).length
}

export interface LoadOptions {
  readonly apiUrl: string
  readonly ledger: Ledger
  /** What tells this load's texts from those of another. */
  readonly label: string
  /** What the names of its agents begin with, so that several loads can share a bus; `writer` when left out. */
  readonly agents?: string
  readonly writers?: number
  /** Fewer than writers, so that they contend; odd, so that whoever left one comes back to release it. */
  readonly lanes?: number
  /** Says when a write was acknowledged; always 0 when left out. */
  readonly stamp?: () => number
  readonly createPadding?: () => string
}

export interface Load {
  /** Resolves when so many more steps were answered than before the call; rejects when the load ends before. */
  progress(count: number): Promise<void>
  stop(): void
  /** Resolves when every writer has ended: after `stop`, or when the bus is gone. Rejects for anything unforeseen. */
  readonly ended: Promise<unknown>
}

/** Writers that post, claim and release, and note what was acknowledged. */
export function startLoad(options: LoadOptions): Load {
  const { ledger, writers = 6 } = options
  const waiting = new Set<{ left: number; resolve: () => void }>()
  let isStopped = false
  const count = () => {
    for (const wait of waiting) {
      wait.left -= 1
      if (wait.left > 0) continue
      waiting.delete(wait)
      wait.resolve()
    }
  }
  const write = async (writer: number) => {
    const client = createBusClient({ baseUrl: options.apiUrl })
    for (let round = 0; !isStopped; round += 1) {
      for (const step of createSteps(client, options, writer, round)) {
        try {
          await step()
        } catch (error) {
          if (error instanceof BusUnreachable) return
          noteRefusal(error, ledger)
        }
        count()
      }
    }
  }
  const ended = Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
  // Whoever waits for the end gets the reason; a wait for progress gets it, too.
  ended.catch(() => {})
  return {
    progress: (left) =>
      Promise.race([
        new Promise<void>((resolve) => waiting.add({ left, resolve })),
        ended.then(() => {
          throw new Error('the load ended by itself')
        }),
      ]),
    stop: () => {
      isStopped = true
    },
    ended,
  }
}

function createSteps(client: BusClient, options: LoadOptions, writer: number, round: number) {
  const { ledger, label, agents = 'writer', lanes = 5, stamp = () => 0, createPadding = () => '' } = options
  const owner = `${agents}-${writer}`
  const lane = `lane-${(writer + round) % lanes}`
  const note = ({ lane: { rev, fence } }: Awaited<ReturnType<BusClient['lanes']['claim']>>) =>
    ledger.laneEvents.push({ lane, rev, fence, owner, at: stamp() })
  return [
    async () => {
      const body = `${label}, ${owner}, message ${round} ${createPadding()}`
      const { id } = await client.messages.post({ topic: 'load', sender: owner, body }, ownKey())
      ledger.messages.push({ id, body, at: stamp() })
    },
    async () => {
      const claimed = await client.lanes.claim({ lane, owner }, ownKey())
      note(claimed)
      // Every other tenure is left, and renewed and released when its writer comes by again.
      if (round % 2 === 1) return
      const released = await client.lanes.release({ lane, owner, fence: claimed.lane.fence }, ownKey())
      if (!released.already)
        ledger.laneEvents.push({ lane, rev: released.lane.rev, fence: released.lane.fence, owner, at: stamp() })
    },
  ]
}

function noteRefusal(error: unknown, ledger: Ledger): void {
  const code = error instanceof BusApiError ? error.body.code : undefined
  if (code === 'store_unavailable') ledger.refused += 1
  else if (code !== 'lane_held') throw error
}

/** One line for each acknowledged write that is not there, and for each gap. */
export async function findLost(client: BusClient, ledger: Ledger, until = Number.POSITIVE_INFINITY): Promise<string[]> {
  return [...(await findLostMessages(client, ledger, until)), ...(await findLostLaneEvents(client, ledger, until))]
}

async function findLostMessages(client: BusClient, { messages }: Ledger, until: number): Promise<string[]> {
  const kept: string[] = []
  const lost: string[] = []
  for (let sinceId = 0, head = Number.POSITIVE_INFINITY; sinceId < head; ) {
    const page = await client.messages.read({ since_id: sinceId, limit: 500 })
    for (const { id, body } of page.messages) if (kept.push(body) !== id) lost.push(`gap before message ${id}`)
    sinceId = page.next_since_id
    head = page.head_id
  }
  for (const { id, body, at } of messages) if (at <= until && kept[id - 1] !== body) lost.push(`message ${id}`)
  return lost
}

async function findLostLaneEvents(client: BusClient, { laneEvents }: Ledger, until: number): Promise<string[]> {
  const acknowledged = laneEvents.filter(({ at }) => at <= until)
  const lost: string[] = []
  for (const lane of new Set(acknowledged.map((event) => event.lane))) {
    const kept = await readHistory(client, lane)
    const revs = [...kept.keys()]
    if (revs.some((rev, index) => rev !== revs.length - index)) lost.push(`gap in the history of ${lane}`)
    for (const { rev, fence, owner } of acknowledged.filter((event) => event.lane === lane)) {
      const event = kept.get(rev)
      if (event?.fence !== fence || event.owner !== owner) lost.push(`${lane} rev ${rev}`)
    }
  }
  return lost
}

/** By rev, the newest first; empty when the bus does not know the lane. */
async function readHistory(client: BusClient, lane: string) {
  const events = new Map<number, { readonly fence: number; readonly owner: string }>()
  try {
    for (let before: number | undefined; before !== 1; before = Math.min(...events.keys())) {
      const page = await client.lanes.history({
        lane,
        limit: 500,
        ...(before === undefined ? {} : { before_rev: before }),
      })
      if (page.events.length === 0) break
      for (const { rev, fence, owner } of page.events) events.set(rev, { fence, owner })
    }
  } catch (error) {
    if (!(error instanceof BusApiError && error.body.code === 'lane_not_found')) throw error
  }
  return events
}

/** A key of the load's own, so that what the bus says is seen and not settled by the client. */
function ownKey() {
  return { idempotencyKey: crypto.randomUUID() }
}
