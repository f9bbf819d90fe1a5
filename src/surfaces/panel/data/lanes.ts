import type { Output } from '../../../client/index.ts'
import { toEpochMs } from './time.ts'

export type WireLane = Output<'lanes.get'>['lane']
export type LaneChange = NonNullable<Output<'events.read'>['events'][number]['change']>

/** A lane as the panel keeps it. Moments are epoch milliseconds of the bus's clock. */
export interface PanelLane {
  readonly name: string
  readonly rev: number
  readonly fence: number
  /** Null while nobody holds it, like all of the tenure. */
  readonly owner: string | null
  readonly note: string | null
  readonly claimedAt: number | null
  readonly renewedAt: number | null
  readonly expiresAt: number | null
  readonly leaseMs: number
  readonly waiters: number
  /** The present tenure was taken over from another. */
  readonly isStolen: boolean
}

export type LaneState = 'free' | 'held' | 'orphaned'

export type LaneMap = ReadonlyMap<string, PanelLane>

export function toPanelLane(lane: WireLane): PanelLane {
  const { name, rev, fence, owner, note, claimed_at, renewed_at, expires_at, lease_s, waiters } = lane
  const toMs = (moment: string | null) => (moment === null ? null : toEpochMs(moment))
  return {
    ...{ name, rev, fence, owner, note, waiters },
    claimedAt: toMs(claimed_at),
    renewedAt: toMs(renewed_at),
    expiresAt: toMs(expires_at),
    leaseMs: (lease_s ?? 0) * 1000,
    isStolen: owner !== null && lane.last_end === 'stolen',
  }
}

/** The same line as the bus draws it; between two answers only the clock moves a lane over it. */
export function stateOf({ owner, expiresAt }: PanelLane, now: number): LaneState {
  if (owner === null || expiresAt === null) return 'free'
  return expiresAt > now ? 'held' : 'orphaned'
}

/** Takes what was read of some lanes. What is known of a later rev stays. */
export function mergeLanes(lanes: LaneMap, read: readonly WireLane[]): LaneMap {
  const merged = new Map(lanes)
  for (const lane of read) {
    const known = merged.get(lane.name)
    if (known === undefined || lane.rev >= known.rev) merged.set(lane.name, toPanelLane(lane))
  }
  return merged
}

/** Nobody waits any more for a lane that is not among those that are asked for. */
export function settleWaiters(
  lanes: LaneMap,
  items: readonly { readonly kind: string; readonly lane?: WireLane | undefined }[],
): LaneMap {
  const contended = new Set(items.flatMap(({ kind, lane }) => (kind === 'contended' && lane ? lane.name : [])))
  const stale = [...lanes.values()].filter(({ name, waiters }) => waiters > 0 && !contended.has(name))
  if (stale.length === 0) return lanes
  const settled = new Map(lanes)
  for (const lane of stale) settled.set(lane.name, { ...lane, waiters: 0 })
  return settled
}

/**
 * Takes one change as the events tell it. A change that is known already is passed over.
 *
 * @returns The lane after it; undefined when a change before it is missing, or when it does not tell enough: then the
 *   lane has to be read.
 */
export function applyChange(lane: PanelLane | undefined, name: string, change: LaneChange): PanelLane | undefined {
  if (lane && change.rev <= lane.rev) return lane
  const isNext = change.rev === (lane?.rev ?? 0) + 1
  // Of a credit, the history does not say how much of the lease it gave.
  if (!isNext || change.event === 'credit') return undefined
  const { rev, event, owner, fence, note, lease_s } = change
  const base = { name, rev, fence, waiters: lane?.waiters ?? 0 }
  if (event === 'release' || event === 'clear') return { ...base, ...NOBODY }
  const at = toEpochMs(change.at)
  const isSameTenure = lane?.fence === fence
  return {
    ...base,
    owner,
    note,
    claimedAt: isSameTenure ? lane.claimedAt : at,
    renewedAt: at,
    expiresAt: at + (lease_s ?? 0) * 1000,
    leaseMs: (lease_s ?? 0) * 1000,
    isStolen: isSameTenure ? lane.isStolen : event === 'steal',
  }
}

const NOBODY = {
  owner: null,
  note: null,
  claimedAt: null,
  renewedAt: null,
  expiresAt: null,
  leaseMs: 0,
  isStolen: false,
}

export interface LaneQuery {
  /** A part of the lane's name or of its owner's. */
  readonly text: string
  readonly showsFree: boolean
}

/** Those that fit: orphaned ones first, then by name, so that a row moves only when its lane's state changes. */
export function listLanes(lanes: LaneMap, { text, showsFree }: LaneQuery, now: number): PanelLane[] {
  const wanted = text.trim().toLowerCase()
  const fits = (lane: PanelLane) =>
    (showsFree || lane.owner !== null) &&
    (wanted === '' || lane.name.toLowerCase().includes(wanted) || lane.owner?.toLowerCase().includes(wanted))
  const rank = (lane: PanelLane) => ['orphaned', 'held', 'free'].indexOf(stateOf(lane, now))
  return [...lanes.values()]
    .filter(fits)
    .sort((one, other) => rank(one) - rank(other) || (one.name < other.name ? -1 : 1))
}
