import type { Output } from '../../../client/index.ts'
import { toEpochMs } from './time.ts'
import { formatTimes } from './words.ts'

type History = Output<'lanes.history'>
type LaneEvent = History['events'][number]

/** One line of a lane's history. */
export interface HistoryLine {
  readonly key: string
  readonly kind: LaneEvent['event'] | 'refusal'
  readonly at: string
  readonly owner: string
  /** What the owner did, in the past tense. */
  readonly text: string
  readonly note: string | null
}

/** What happened and what was refused, newest first. */
export function describeHistory({ events, refusals }: History): HistoryLine[] {
  const happened = events.map((event) => ({
    key: `rev ${event.rev}`,
    kind: event.event,
    at: event.at,
    owner: event.owner,
    text: describeEvent(event),
    note: event.note,
  }))
  const refused = refusals.map(({ owner, code, fence, held_by, count, last_at }) => ({
    key: `refusal ${owner} ${code} ${fence}`,
    kind: 'refusal' as const,
    at: last_at,
    owner,
    text: `was refused${held_by === null ? '' : ` while ${held_by} held it`} (${code})${formatTimes(count)}`,
    note: null,
  }))
  return [...happened, ...refused].sort((one, other) => toEpochMs(other.at) - toEpochMs(one.at))
}

function describeEvent({ event, from, fence, lease_s }: LaneEvent): string {
  const lease = lease_s === null ? '' : ` for ${lease_s} s`
  switch (event) {
    case 'claim':
      return `claimed it${lease}, fence ${fence}`
    case 'steal':
      return `took it over from ${from}${lease}, fence ${fence}`
    case 'renew':
    case 'heartbeat':
      return `renewed it${lease}`
    case 'release':
      return 'released it'
    case 'clear':
      return `cleared it for ${from}, whose lease was over`
    case 'credit':
      return 'keeps it for a while, since the bus was away'
  }
}
