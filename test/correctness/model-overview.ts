import { answer, type Expected, type Model, type ModelLane, toMoment, view } from './model.ts'

/** What looks over everything at once, as {@link Model} tells the rest. Nobody waits in it, and nobody is silent. */

export function readStatus(model: Model): Expected {
  return answer({
    recent_messages: model.messages.slice(-10).reverse(),
    pending_action_flags: listPending(model),
    _meta: describe(model),
  })
}

export function readAttention(model: Model): Expected {
  const orphaned = Object.entries(model.lanes)
    .map(([name, lane]) => view(model, name, lane))
    .filter(({ state }) => state === 'orphaned')
    .sort((one, other) => compare(`${one.expires_at} ${one.name}`, `${other.expires_at} ${other.name}`))
  return answer({
    items: [
      ...listPending(model).map((message) => ({ kind: 'flag', since: message.ts, message })),
      ...orphaned.map((lane) => ({ kind: 'orphaned', since: lane.expires_at, lane })),
    ],
    _meta: describe(model),
  })
}

export interface TimelineInput {
  readonly window_s: number
  readonly limit: number
}

/** Every tenure that there ever was, told forward from the histories, and cut to the window at the end. */
export function readTimeline(model: Model, { window_s, limit }: TimelineInput): Expected {
  const from = toMoment(model.now - window_s * 1000)
  const inside = Object.entries(model.lanes)
    .flatMap(([name, lane]) => listTenures(name, lane))
    .filter(({ ended_at }) => ended_at === null || ended_at >= from)
  const newest = [...inside].sort(
    (one, other) =>
      compare(one.ended_at === null ? 0 : 1, other.ended_at === null ? 0 : 1) ||
      compare(other.lastAt, one.lastAt) ||
      compare(one.lane, other.lane) ||
      other.fence - one.fence,
  )
  const tenures = newest
    .slice(0, limit)
    .sort((one, other) => compare(one.lane, other.lane) || one.fence - other.fence)
    .map(({ lastAt: _, renewedAt, ...tenure }) => {
      const isOlder = tenure.began_at < from
      return {
        ...tenure,
        began_at: isOlder ? null : tenure.began_at,
        stolen_from: isOlder ? null : tenure.stolen_from,
        renewals: renewedAt.filter((at) => at >= from).length,
      }
    })
  return answer({ from, until: toMoment(model.now), tenures, truncated: inside.length > limit })
}

interface ModelTenure {
  readonly lane: string
  readonly owner: string
  readonly fence: number
  readonly began_at: string
  readonly stolen_from: string | null
  readonly renewedAt: string[]
  ended_at: string | null
  end: string | null
  lease_ends_at: string
  note: string | null
  lastAt: string
}

function listTenures(lane: string, { events }: ModelLane): ModelTenure[] {
  const tenures: ModelTenure[] = []
  for (const { event, owner, from, fence, at, note, leaseEndsAt } of events) {
    const current = tenures.at(-1)
    if (current?.fence !== fence) {
      if (current?.end === null) Object.assign(current, { ended_at: at, end: event === 'steal' ? 'stolen' : 'lapsed' })
      const own = { lane, owner, fence, began_at: at, stolen_from: from, renewedAt: [], lastAt: at }
      tenures.push({ ...own, ended_at: null, end: null, lease_ends_at: leaseEndsAt, note })
    } else if (event === 'release' || event === 'clear') {
      const said = event === 'release' ? note : null
      const end = event === 'release' ? 'released' : 'cleared'
      Object.assign(current, { ended_at: at, end, note: said ?? current.note, lastAt: at })
    } else {
      current.renewedAt.push(at)
      Object.assign(current, { lease_ends_at: leaseEndsAt, note, lastAt: at })
    }
  }
  return tenures
}

function describe(model: Model) {
  const states = Object.entries(model.lanes).map(([name, lane]) => view(model, name, lane).state)
  const orphaned = states.filter((state) => state === 'orphaned').length
  const pending = listPending(model).length
  return {
    active_lane_count: states.filter((state) => state === 'held').length,
    orphaned_claim_count: orphaned,
    message_count: model.messages.length,
    pending_action_flag_count: pending,
    waiting_count: 0,
    contended_lane_count: 0,
    silent_lane_count: 0,
    needs_you_count: pending + orphaned,
    server_time: toMoment(model.now),
  }
}

function listPending({ messages }: Model) {
  return messages.filter(({ action_flag, acked_by }) => action_flag && acked_by === undefined)
}

function compare<T extends string | number>(one: T, other: T): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}
