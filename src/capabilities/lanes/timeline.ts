import type { LaneEvent, TenureEnd } from './decide.ts'
import type { IdleTenureRow, TenureEventsRow } from './timeline-store.ts'

/** A tenure as a window shows it. Moments are epoch milliseconds; undefined is what lies outside, or is not over. */
export interface TenureSpan {
  readonly lane: string
  readonly fence: number
  readonly owner: string
  readonly beganAt: number | undefined
  readonly ending: Ending | undefined
  readonly leaseEndsAt: number | undefined
  readonly renewals: number
  readonly note: string | undefined
  readonly stolenFrom: string | undefined
  /** The moment of its last event. */
  readonly changedAt: number
}

export interface Ending {
  readonly end: TenureEnd
  readonly at: number
}

export interface Terms {
  /** The beginning of the window. */
  readonly from: number
  /** The longest credit: the history tells the whole lease, of which a credit may be only a part. */
  readonly maxCreditMs: number
}

/** All tenures of the window, in no order: those with events in it, those that one of these ended, and the idle ones. */
export function toSpans(rows: readonly TenureEventsRow[], idle: readonly IdleTenureRow[], terms: Terms): TenureSpan[] {
  const byTenure = new Map(rows.map((row) => [toKey(row.lane, row.fence), row]))
  return [
    ...rows.flatMap((row) => {
      const span = toSpan(row, byTenure.get(toKey(row.lane, row.fence + 1)), terms)
      const before = findEndedBefore(row, terms)
      return before ? [before, span] : [span]
    }),
    ...idle.map(toIdleSpan),
  ]
}

/** So many of them, by lane and fence: those that go on, then those to which anything happened last. */
export function takeNewest(spans: readonly TenureSpan[], limit: number): TenureSpan[] {
  return [...spans].sort(compareAge).slice(0, limit).sort(compareName)
}

/** The order in which the store takes them. */
function compareAge(one: TenureSpan, other: TenureSpan): number {
  const isOver = ({ ending }: TenureSpan) => (ending ? 1 : 0)
  return (
    isOver(one) - isOver(other) ||
    other.changedAt - one.changedAt ||
    compareTexts(one.lane, other.lane) ||
    other.fence - one.fence
  )
}

function compareName(one: TenureSpan, other: TenureSpan): number {
  return compareTexts(one.lane, other.lane) || one.fence - other.fence
}

/** In the order of the characters’ codes, as the store has it. */
function compareTexts(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}

/** Whether a tenure began inside the window. A renewal begins one when it comes after a lapse. */
export function hasBegun(row: TenureEventsRow): boolean {
  switch (row.opening_event) {
    case 'claim':
    case 'steal':
      return true
    case 'renew':
      return row.earlier_fence === null ? row.present_claimed_at === row.opening_at : row.earlier_fence < row.fence
    default:
      return false
  }
}

/**
 * How and when a tenure ended: by its own last event, or by the first one of the next tenure.
 *
 * @returns Undefined while it is held or orphaned.
 */
export function findEnding(row: TenureEventsRow, next: TenureEventsRow | undefined): Ending | undefined {
  switch (row.closing_event) {
    case 'release':
      return { end: 'released', at: row.closing_at }
    case 'clear':
      return { end: 'cleared', at: row.closing_at }
    default:
      return next && findEndingBy(next)
  }
}

/** The tenure that the first event of this one ended, when nothing else of it lies inside the window. */
export function findEndedBefore(row: TenureEventsRow, terms: Terms): TenureSpan | undefined {
  const ending = findEndingBy(row)
  // Inside the window it has a row of its own, or was left out with it.
  const isInside = row.earlier_at !== null && row.earlier_at >= terms.from
  if (!ending || isInside) return undefined
  return {
    lane: row.lane,
    fence: row.fence - 1,
    // One that lapsed was renewed under the same name.
    owner: row.earlier_owner ?? row.opening_from ?? row.opening_owner,
    beganAt: undefined,
    ending,
    leaseEndsAt: findLeaseEnd(row.earlier_event, row.earlier_at, row.earlier_lease_ms, terms),
    renewals: 0,
    note: row.earlier_note ?? undefined,
    stolenFrom: undefined,
    changedAt: row.earlier_at ?? 0,
  }
}

function findEndingBy(next: TenureEventsRow): Ending | undefined {
  if (next.opening_event === 'steal') return { end: 'stolen', at: next.opening_at }
  if (next.opening_event === 'renew' && hasBegun(next)) return { end: 'lapsed', at: next.opening_at }
  return undefined
}

function toSpan(row: TenureEventsRow, next: TenureEventsRow | undefined, terms: Terms): TenureSpan {
  const begun = hasBegun(row)
  const ownerOfEnd = row.opening_event === 'clear' ? row.opening_from : null
  const grantedUntil = findLeaseEnd(row.granted_event, row.granted_at, row.granted_lease_ms, terms)
  const lastWord = row.closing_event === 'release' ? row.closing_note : null
  return {
    lane: row.lane,
    fence: row.fence,
    owner: ownerOfEnd ?? row.opening_owner,
    beganAt: begun ? row.opening_at : undefined,
    ending: findEnding(row, next),
    leaseEndsAt: row.present_expires_at ?? grantedUntil,
    renewals: row.renewals - (begun && row.opening_event === 'renew' ? 1 : 0),
    note: lastWord ?? row.granted_note ?? undefined,
    stolenFrom: row.opening_event === 'steal' ? (row.opening_from ?? undefined) : undefined,
    changedAt: row.closing_at,
  }
}

function toIdleSpan({ lane, fence, owner, note, expires_at, changed_at }: IdleTenureRow): TenureSpan {
  return {
    lane,
    fence,
    owner,
    beganAt: undefined,
    ending: undefined,
    leaseEndsAt: expires_at,
    renewals: 0,
    note: note ?? undefined,
    stolenFrom: undefined,
    changedAt: changed_at,
  }
}

/** When the lease ends that an event granted or prolonged; undefined when there is no such event any more. */
function findLeaseEnd(
  event: LaneEvent['kind'] | null,
  at: number | null,
  leaseMs: number | null,
  { maxCreditMs }: Terms,
): number | undefined {
  if (at === null || leaseMs === null) return undefined
  return at + (event === 'credit' ? Math.min(leaseMs, maxCreditMs) : leaseMs)
}

function toKey(lane: string, fence: number): string {
  return `${lane} ${fence}`
}
