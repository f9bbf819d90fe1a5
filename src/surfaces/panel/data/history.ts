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
  const happened = foldRenewals(events).map(({ event, count }) => ({
    key: `rev ${event.rev}`,
    kind: event.event,
    at: event.at,
    owner: event.owner,
    text: `${describeEvent(event)}${formatTimes(count)}`,
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

/** Renewals that say the same again are one line, of the last of them: among a hundred of them a steal would drown. */
function foldRenewals(events: readonly LaneEvent[]): { readonly event: LaneEvent; readonly count: number }[] {
  const folded: { event: LaneEvent; count: number }[] = []
  for (const event of events) {
    const later = folded.at(-1)
    if (later && isSameRenewal(later.event, event)) later.count += 1
    else folded.push({ event, count: 1 })
  }
  return folded
}

function isSameRenewal(one: LaneEvent, other: LaneEvent): boolean {
  const isRenewal = ({ event }: LaneEvent) => event === 'heartbeat' || event === 'renew'
  const isSame = one.fence === other.fence && one.lease_s === other.lease_s && one.note === other.note
  return isRenewal(one) && isRenewal(other) && isSame
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
