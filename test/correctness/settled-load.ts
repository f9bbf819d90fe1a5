import { setTimeout as sleep } from 'node:timers/promises'
import { BusApiError, type BusClient } from '../../src/client/index.ts'

/** Every change that was asked for until it was answered, under its key. */
export interface Settled {
  /** By its body, which no other has. */
  readonly messages: Map<string, number>
  /** How often each writer has claimed and released its lane. */
  readonly tenures: Map<string, number>
  /** Answers of `store_unavailable`: nothing was changed, or nobody knows. */
  refused: number
  unknown: number
}

export interface SettledLoad {
  readonly settled: Settled
  /** The longest that any call took until it was answered or refused. */
  longestMs(): number
  /** Resolves when so many more changes were answered. */
  progress(count: number): Promise<void>
  /** Resolves when every change is answered. */
  stop(): Promise<void>
}

export interface SettledLoadOptions {
  /** What the names of its writers and lanes begin with, so that several loads can share a database. */
  readonly names?: string
  /** That of another load, to which this one adds. */
  readonly settled?: Settled
}

/** Writers that post, claim and release, each change through any node, and again under its key until it is answered. */
export function startSettledLoad(
  nodes: readonly BusClient[],
  writers: number,
  { names = 'writer', settled = createSettled() }: SettledLoadOptions = {},
): SettledLoad {
  let answered = 0
  let longestMs = 0
  let isStopped = false
  let turn = 0

  const time = async <T>(call: Promise<T>): Promise<T> => {
    const askedAt = performance.now()
    try {
      return await call
    } finally {
      longestMs = Math.max(longestMs, performance.now() - askedAt)
    }
  }
  const settle = async <T>(idempotencyKey: string, ask: (client: BusClient, key: object) => Promise<T>): Promise<T> => {
    while (true) {
      turn += 1
      const client = nodes[turn % nodes.length]
      if (!client) throw new Error('there is no node')
      try {
        const answer = await time(ask(client, { idempotencyKey }))
        answered += 1
        return answer
      } catch (error) {
        if (!(error instanceof BusApiError && error.body.code === 'store_unavailable')) throw error
        if (error.body.outcome_unknown) settled.unknown += 1
        else settled.refused += 1
        await sleep(100)
      }
    }
  }
  const write = async (writer: number) => {
    const owner = `${names}-${writer}`
    for (let round = 1; !isStopped; round += 1) {
      const body = `${owner}-message-${round}`
      const { id } = await settle(body, (client, key) =>
        client.messages.post({ topic: 'load', sender: owner, body }, key),
      )
      settled.messages.set(body, id)
      const lane = `lane-of-${owner}`
      const { lane: held } = await settle(`${owner}-claim-${round}`, (client, key) =>
        client.lanes.claim({ lane, owner, lease_s: 600 }, key),
      )
      await settle(`${owner}-release-${round}`, (client, key) =>
        client.lanes.release({ lane, owner, fence: held.fence }, key),
      )
      settled.tenures.set(lane, round)
    }
  }
  const ended = Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
  const failure = ended.then(() => {})
  failure.catch(() => {})
  return {
    settled,
    longestMs: () => longestMs,
    progress: async (count) => {
      const enough = answered + count
      while (answered < enough) await Promise.race([sleep(5), failure])
    },
    stop: async () => {
      isStopped = true
      await ended
    },
  }
}

function createSettled(): Settled {
  return { messages: new Map(), tenures: new Map(), refused: 0, unknown: 0 }
}

/** For the figures of a run. */
export function describeSettled({ messages, tenures, refused, unknown }: Settled, faults: readonly string[]): string {
  const changes = messages.size + [...tenures.values()].reduce((sum, rounds) => sum + 2 * rounds, 0)
  return `${changes} changes, ${refused} refused and ${unknown} of unknown outcome until asked again, ${faults.length} lost, doubled or missing`
}

/** One line for each change that is not there exactly once, and for each gap. */
export async function findUnsettled(client: BusClient, { messages, tenures }: Settled): Promise<string[]> {
  const faults: string[] = []
  const kept = new Map<string, number>()
  let count = 0
  for (let sinceId = 0, head = Number.POSITIVE_INFINITY; sinceId < head; ) {
    const page = await client.messages.read({ since_id: sinceId, limit: 500 })
    for (const { id, body } of page.messages) {
      count += 1
      if (id !== count) faults.push(`gap before message ${id}`)
      if (kept.has(body)) faults.push(`${body} twice`)
      kept.set(body, id)
    }
    sinceId = page.next_since_id
    head = page.head_id
  }
  for (const [body, id] of messages) if (kept.get(body) !== id) faults.push(`${body} is not message ${id}`)
  if (kept.size !== messages.size) faults.push(`${kept.size} messages instead of ${messages.size}`)
  let changes = count
  for (const [name, rounds] of tenures) {
    changes += 2 * rounds
    const { lane } = await client.lanes.get({ lane: name })
    if (lane.rev !== 2 * rounds || lane.fence !== rounds)
      faults.push(`${name}: rev ${lane.rev} after ${rounds} tenures`)
  }
  for (let sinceId = 0; sinceId < changes; ) {
    const { events } = await client.events.read({ since_id: sinceId, limit: 500 })
    if (events.length === 0) faults.push(`no event after ${sinceId} of ${changes}`)
    for (const [index, { id }] of events.entries())
      if (id !== sinceId + index + 1) faults.push(`gap before event ${id}`)
    sinceId = events.at(-1)?.id ?? changes
  }
  return faults
}
