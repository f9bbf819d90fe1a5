import type { Asked, Kept } from './model-keys.ts'

/**
 * The bus as its documents tell it, in one plain object: written apart from the bus, so that both can only agree if both
 * are right. Every function tells the answer, and makes of the model what the bus must be afterwards.
 */
export interface Model {
  now: number
  readonly lanes: Record<string, ModelLane>
  readonly messages: ModelMessage[]
  /** The answers to writes under a key, by that key. */
  readonly kept: Map<string, Kept>
  /** Every write under a key, for whoever repeats one. */
  readonly asked: Asked[]
}

export interface ModelLane {
  fence: number
  holder: { owner: string; session: string | undefined } | undefined
  note: string | undefined
  claimedAt: number
  renewedAt: number
  expiresAt: number
  leaseMs: number
  last: { owner: string; fence: number; end: string } | undefined
  /** What its history tells, oldest first; the place of each is its rev. */
  readonly events: ModelEvent[]
}

export interface ModelEvent {
  readonly event: string
  readonly owner: string
  readonly from: string | null
  readonly fence: number
  readonly at: string
  readonly note: string | null
  /** Not told by the history itself. */
  readonly leaseEndsAt: string
}

export interface ModelMessage {
  readonly id: number
  readonly topic: string
  readonly sender: string
  /** Absent where the bus itself chose the words. */
  readonly body?: string
  readonly action_flag: boolean
  readonly recipient: string | undefined
  readonly thread_id: number | undefined
  readonly system: true | undefined
  readonly ts: string
  acked_by: string | undefined
  acked_at: string | undefined
}

type NewMessage = Omit<ModelMessage, 'id' | 'ts' | 'system' | 'acked_by' | 'acked_at'>

/** The fields of an answer that the model knows; an undefined one must be absent. */
export interface Expected {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

export interface LaneInput {
  readonly lane: string
  readonly owner: string
  readonly session: string | undefined
  readonly lease_s?: number
  readonly note?: string | undefined
  readonly fence?: number | undefined
}

export const MIN_LEASE_S = 1
export const MAX_LEASE_S = 60

const NEVER_CLAIMED: Omit<ModelLane, 'events'> = {
  fence: 0,
  holder: undefined,
  note: undefined,
  claimedAt: 0,
  renewedAt: 0,
  expiresAt: 0,
  leaseMs: 0,
  last: undefined,
}

export function createModel(now: number): Model {
  return { now, lanes: {}, messages: [], kept: new Map(), asked: [] }
}

export function claim(model: Model, input: LaneInput): Expected {
  const { owner, session, note } = input
  const lane = findLane(model, input.lane)
  const before = lane.holder
  const own = isOwn(lane, input)
  if (isLive(model, lane) && !own) return refuse(model, input.lane, lane, 'lane_held')

  const isNew = !isLive(model, lane)
  const decision = !before ? 'claim' : own ? 'renew' : 'steal'
  if (isNew && before) lane.last = { owner: before.owner, fence: lane.fence, end: own ? 'lapsed' : 'stolen' }
  lane.note = note ?? (isNew ? undefined : lane.note)
  lane.fence += isNew ? 1 : 0
  lane.claimedAt = isNew ? model.now : lane.claimedAt
  lane.holder = { owner, session }
  const lease = grantLease(model, lane, input.lease_s)
  const stolenFrom = decision === 'steal' ? before?.owner : undefined
  tell(model, input.lane, lane, decision, owner, stolenFrom)
  if (stolenFrom !== undefined) {
    const topic = `lane:${input.lane}`
    append(model, { topic, sender: 'bus', action_flag: false, recipient: stolenFrom, thread_id: undefined }, true)
  }
  const lapsed = decision === 'renew' && isNew ? true : undefined
  return answer({ ok: true, decision, lane: view(model, input.lane, lane), ...lease, stolen_from: stolenFrom, lapsed })
}

/** All or none: what keeps any of them is told of each, and then nothing changes. */
export function claimAll(
  model: Model,
  input: Omit<LaneInput, 'lane'> & { readonly lanes: readonly string[] },
): Expected {
  const { lanes, ...rest } = input
  const names = [...new Set(lanes)].sort()
  const conflicts = names.flatMap((name) => {
    const lane = findLane(model, name)
    return isLive(model, lane) && !isOwn(lane, input) ? [view(model, name, lane)] : []
  })
  if (conflicts.length > 0) {
    const waits = conflicts.map(({ expires_in_ms }) => expires_in_ms ?? 0)
    return { status: 409, body: { code: 'lanes_held', lanes: conflicts, retry_after_ms: Math.max(...waits) } }
  }
  const grants = names.map((lane) => claim(model, { ...rest, lane }).body)
  const { lease_s, requested_lease_s, clamped } = { ...grants[0] }
  return answer({
    ok: true,
    lanes: grants.map(({ decision, lane, stolen_from, lapsed }) => ({ decision, lane, stolen_from, lapsed })),
    lease_s,
    requested_lease_s,
    clamped,
  })
}

export function verify(
  model: Model,
  { lane: name, fence }: { readonly lane: string; readonly fence: number },
): Expected {
  const lane = findLane(model, name)
  return answer({
    valid: isCurrent(model, lane, fence),
    lane: view(model, name, lane),
    server_time: toMoment(model.now),
  })
}

export function heartbeat(model: Model, input: LaneInput): Expected {
  const { owner, fence } = input
  const lane = findLane(model, input.lane)
  if (fence !== undefined && fence !== lane.fence) return refuse(model, input.lane, lane, 'lease_lost')
  if (!isLive(model, lane) || !isOwn(lane, input)) return refuse(model, input.lane, lane, 'lane_not_held')

  const lease = grantLease(model, lane, input.lease_s)
  tell(model, input.lane, lane, 'heartbeat', owner)
  return answer({ ok: true, decision: 'heartbeat', lane: view(model, input.lane, lane), ...lease })
}

export function release(model: Model, input: LaneInput): Expected {
  const { owner, fence, note } = input
  const lane = findLane(model, input.lane)
  const { holder } = lane
  if (fence !== undefined && fence > lane.fence) return refuse(model, input.lane, lane, 'lease_lost')
  if (!holder || (fence !== undefined && fence !== lane.fence)) {
    return answer({ ok: true, decision: 'released', lane: view(model, input.lane, lane), already: true })
  }
  const own = isOwn(lane, input)
  if (!own && isLive(model, lane)) return refuse(model, input.lane, lane, 'lane_held')

  lane.last = { owner: holder.owner, fence: lane.fence, end: own ? 'released' : 'cleared' }
  lane.holder = undefined
  lane.note = note
  tell(model, input.lane, lane, own ? 'release' : 'clear', owner, own ? undefined : holder.owner)
  return answer({ ok: true, decision: 'released', lane: view(model, input.lane, lane), already: undefined })
}

export function getLane(model: Model, name: string): Expected {
  const lane = model.lanes[name]
  return lane ? answer({ lane: view(model, name, lane) }) : refuseUnknown('lane_not_found')
}

export function listLanes(model: Model, state: string | undefined, owner: string | undefined): Expected {
  const views = Object.entries(model.lanes).map(([name, lane]) => view(model, name, lane))
  const lanes = views
    .filter((lane) => (state === undefined || lane.state === state) && (owner === undefined || lane.owner === owner))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return answer({ lanes, next_after: null, server_time: toMoment(model.now) })
}

export function readHistory(model: Model, name: string): Expected {
  const events = model.lanes[name]?.events.map(({ leaseEndsAt: _, ...event }, index) => ({ rev: index + 1, ...event }))
  return events ? answer({ lane: name, events: events.reverse() }) : refuseUnknown('lane_not_found')
}

export function post(model: Model, input: NewMessage): Expected {
  return answer({ ...append(model, input) })
}

export interface ReadInput {
  readonly topic: string | undefined
  readonly sender: string | undefined
  readonly recipient: string | undefined
  readonly thread_id: number | undefined
  readonly flagged: boolean | undefined
  readonly since_id: number | undefined
  readonly before_id: number | undefined
  readonly limit: number
}

export function read(model: Model, input: ReadInput): Expected {
  const { topic, sender, recipient, thread_id, flagged, since_id, before_id, limit } = input
  const head = model.messages.length
  if (since_id !== undefined && since_id > head) return { status: 410, body: { code: 'cursor_expired', head_id: head } }
  const found = model.messages.filter(
    (message) =>
      (topic === undefined || message.topic === topic) &&
      (sender === undefined || message.sender === sender) &&
      (recipient === undefined || message.recipient === recipient) &&
      (thread_id === undefined || message.thread_id === thread_id || message.id === thread_id) &&
      (flagged === undefined || message.action_flag === flagged) &&
      message.id > (since_id ?? 0) &&
      message.id < (before_id ?? Number.POSITIVE_INFINITY),
  )
  const messages = (since_id === undefined ? found.reverse() : found).slice(0, limit)
  const more = found.length > messages.length
  const isPart = since_id !== undefined && more
  return answer({ messages, next_since_id: isPart ? messages.at(-1)?.id : head, more, head_id: head })
}

export function getMessage(model: Model, id: number): Expected {
  const message = model.messages[id - 1]
  return message ? answer({ ...message }) : refuseUnknown('message_not_found')
}

export function acknowledge(model: Model, id: number, sender: string): Expected {
  const message = model.messages[id - 1]
  if (!message) return refuseUnknown('message_not_found')
  const already = message.acked_by !== undefined || undefined
  message.acked_by ??= sender
  message.acked_at ??= toMoment(model.now)
  return answer({ ok: true, message: { ...message }, already })
}

function append(model: Model, message: NewMessage, system?: true): ModelMessage {
  const id = model.messages.length + 1
  const appended = { ...message, id, ts: toMoment(model.now), system, acked_by: undefined, acked_at: undefined }
  model.messages.push(appended)
  return { ...appended }
}

export function findLane({ lanes }: Model, name: string): ModelLane {
  return lanes[name] ?? { ...NEVER_CLAIMED, events: [] }
}

function isLive({ now }: Model, { holder, expiresAt }: ModelLane): boolean {
  return holder !== undefined && expiresAt > now
}

function isOwn({ holder }: ModelLane, { owner, session }: Pick<LaneInput, 'owner' | 'session'>): boolean {
  return holder?.owner === owner && holder.session === session
}

/** Whether the lane is held live under this fence. */
export function isCurrent(model: Model, lane: ModelLane, fence: number): boolean {
  return isLive(model, lane) && lane.fence === fence
}

function grantLease({ now }: Model, lane: ModelLane, requested = 300) {
  const granted = Math.min(Math.max(requested, MIN_LEASE_S), MAX_LEASE_S)
  lane.leaseMs = granted * 1000
  lane.renewedAt = now
  lane.expiresAt = now + lane.leaseMs
  const isClamped = granted !== requested
  return {
    lease_s: granted,
    requested_lease_s: isClamped ? requested : undefined,
    clamped: isClamped ? true : undefined,
  }
}

/** Keeps the lane, and tells its history of the change. */
function tell(model: Model, name: string, lane: ModelLane, event: string, owner: string, from?: string): void {
  const at = toMoment(model.now)
  lane.events.push({
    event,
    owner,
    from: from ?? null,
    fence: lane.fence,
    at,
    note: lane.note ?? null,
    leaseEndsAt: toMoment(lane.expiresAt),
  })
  model.lanes[name] = lane
}

export function view(model: Model, name: string, lane: ModelLane) {
  const { holder, last } = lane
  return {
    name,
    state: holder ? (isLive(model, lane) ? 'held' : 'orphaned') : 'free',
    owner: holder?.owner ?? null,
    note: (holder && lane.note) ?? null,
    fence: lane.fence,
    rev: lane.events.length,
    claimed_at: holder ? toMoment(lane.claimedAt) : null,
    renewed_at: holder ? toMoment(lane.renewedAt) : null,
    expires_at: holder ? toMoment(lane.expiresAt) : null,
    expires_in_ms: holder ? Math.max(0, lane.expiresAt - model.now) : null,
    lease_s: holder ? lane.leaseMs / 1000 : null,
    last_owner: last?.owner ?? null,
    last_fence: last?.fence ?? null,
    last_end: last?.end ?? null,
  }
}

export function answer(body: Expected['body']): Expected {
  return { status: 200, body }
}

export function refuse(model: Model, name: string, lane: ModelLane, code: string): Expected {
  const shown = view(model, name, lane)
  return { status: 409, body: { code, lane: shown, retry_after_ms: shown.expires_in_ms ?? 0 } }
}

function refuseUnknown(code: string): Expected {
  return { status: 404, body: { code } }
}

export function toMoment(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
