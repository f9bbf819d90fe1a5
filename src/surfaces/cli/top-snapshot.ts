import { BusApiError, type BusClient } from '../../client/index.ts'
import { noAnswer } from '../../core/answer-shape.ts'
import { errorKinds } from '../../core/errors.ts'
import { parseMoment } from '../../core/moment.ts'

/** The bus at one moment, this one or one before it, which knows less. Moments are epoch milliseconds. */
export interface Snapshot {
  /** The bus's clock at the answer; ours where it does not tell. */
  readonly now: number
  readonly counts: {
    readonly active: number
    readonly orphaned: number
    /** Undefined where the bus does not count them; likewise below. */
    readonly waiting: number | undefined
    readonly needsYou: number
  }
  /** What waits for a person, in the order in which the bus tells it. */
  readonly needs: readonly Need[]
  /** Held and orphaned, by name. */
  readonly lanes: readonly LaneView[]
  /** Newest first. */
  readonly messages: readonly MessageView[]
}

export interface Need {
  readonly kind: string
  readonly since: number | undefined
  readonly what: string
}

export interface LaneView {
  readonly name: string
  readonly owner: string
  readonly note: string
  readonly expiresAt: number | undefined
  readonly leaseMs: number | undefined
  readonly fence: number | undefined
  readonly waiters: number | undefined
}

export interface MessageView {
  readonly id: number
  readonly at: number | undefined
  readonly topic: string
  readonly sender: string
  readonly recipient: string | undefined
  readonly body: string
  readonly isPending: boolean
}

type Fields = Readonly<Record<string, unknown>>

/** As many as any terminal has lines. */
const MESSAGES = 100

/** @param ourClock For a bus that does not tell its own, in epoch milliseconds. */
export function createSnapshotReader(
  client: BusClient,
  ourClock: () => number,
): (signal: AbortSignal) => Promise<Snapshot> {
  let knowsAttention = true
  return async (signal) => {
    try {
      const [status, attention, log] = await Promise.all([
        client.call('status.get', {}, { signal }),
        knowsAttention ? findAttention(client, signal) : undefined,
        client.call('messages.read', { limit: MESSAGES }, { signal }),
      ])
      if (!Array.isArray(status.active_lanes)) throw new BusApiError(200, noAnswer)
      knowsAttention = attention !== undefined
      return toSnapshot(status, attention, toList(log.messages), ourClock)
    } catch (error) {
      // What answers the next time may be another bus.
      knowsAttention = true
      throw error
    }
  }
}

/** Undefined from a bus that has no such route. */
async function findAttention(client: BusClient, signal: AbortSignal): Promise<Fields | undefined> {
  try {
    return await client.call('status.attention', {}, { signal })
  } catch (error) {
    if (error instanceof BusApiError && error.statusCode === errorKinds.not_found.status) return undefined
    throw error
  }
}

function toSnapshot(
  status: Fields,
  attention: Fields | undefined,
  messages: readonly Fields[],
  ourClock: () => number,
): Snapshot {
  const meta = toFields(status._meta)
  const held = toList(status.active_lanes)
  const orphaned = toList(status.orphaned_claims)
  const needs = attention ? toList(attention.items).map(toNeed) : deriveNeeds(status)
  return {
    now: toMoment(meta.server_time) ?? ourClock(),
    counts: {
      active: toNumber(meta.active_lane_count) ?? held.length,
      orphaned: toNumber(meta.orphaned_claim_count) ?? orphaned.length,
      waiting: toNumber(meta.waiting_count),
      needsYou: toNumber(meta.needs_you_count) ?? needs.length,
    },
    needs,
    lanes: [...held, ...orphaned].map(toLane).sort((one, other) => (one.name < other.name ? -1 : 1)),
    messages: messages.map(toMessage),
  }
}

/** As an older bus tells it: flags and orphaned claims. */
function deriveNeeds(status: Fields): Need[] {
  return [
    ...toList(status.pending_action_flags).map((message) => toNeed({ kind: 'flag', since: message.ts, message })),
    ...toList(status.orphaned_claims).map((lane) =>
      toNeed({ kind: 'orphaned', since: lane.expires_at ?? lane.lease_expires_at, lane }),
    ),
  ]
}

function toNeed(item: Fields): Need {
  const kind = toText(item.kind) ?? ''
  const what =
    item.message === undefined ? describeLane(kind, toFields(item.lane)) : describeFlag(toFields(item.message))
  return { kind, since: toMoment(item.since), what }
}

function describeFlag(message: Fields): string {
  const { id, sender, body } = toMessage(message)
  return `#${id} ${sender}: ${body}`
}

function describeLane(kind: string, lane: Fields): string {
  const { name, owner, note, waiters } = toLane(lane)
  const doing = note === '' ? '' : ` (${note})`
  switch (kind) {
    case 'orphaned':
      return `${name}: the lease of ${owner} ran out${doing}`
    case 'contended':
      return `${name}: ${waiters ?? 'some'} ${waiters === 1 ? 'waits' : 'wait'}, ${owner === '' ? 'nobody' : owner} has it${doing}`
    case 'silent':
      return `${name}: no word from ${owner}${doing}`
    default:
      return name
  }
}

function toLane(lane: Fields): LaneView {
  const leaseSeconds = toNumber(lane.lease_s)
  return {
    name: toText(lane.name) ?? toText(lane.lane) ?? '',
    owner: toText(lane.owner) ?? '',
    note: toText(lane.note) ?? '',
    expiresAt: toMoment(lane.expires_at ?? lane.lease_expires_at),
    leaseMs: leaseSeconds === undefined ? undefined : leaseSeconds * 1000,
    fence: toNumber(lane.fence),
    waiters: toNumber(lane.waiters),
  }
}

function toMessage(message: Fields): MessageView {
  return {
    id: toNumber(message.id) ?? 0,
    at: toMoment(message.ts),
    topic: toText(message.topic) ?? '',
    sender: toText(message.sender) ?? '',
    recipient: toText(message.recipient),
    body: toText(message.body) ?? '',
    isPending: message.action_flag === true && message.acked_by === undefined,
  }
}

function toList(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(toFields) : []
}

function toFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function toText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function toNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function toMoment(value: unknown): number | undefined {
  return typeof value === 'string' ? parseMoment(value) : undefined
}
