/**
 * The rule of the lane: whether a claim is a claim, a steal or a renewal, and who is refused.
 *
 * Pure: no clock, no store. The handlers call it inside the transaction that locked the lane, and the exhaustive and
 * property tests run the same function.
 */

/** What ended a lane's last tenure. */
export type TenureEnd = 'released' | 'cleared' | 'stolen' | 'lapsed'

/** One lane as it is kept. Never deleted, so that its fence and rev never start again. Moments are epoch milliseconds. */
export interface Lane {
  readonly name: string
  /** Rises by one with every change of tenure; never lowered, never reset. */
  readonly fence: number
  /** Rises by one with every change of the lane. */
  readonly rev: number
  /** Absent when nobody holds the lane. A tenure whose lease expired stays until somebody ends it. */
  readonly tenure: Tenure | undefined
  /** The moment of the last change. */
  readonly changedAt: number
  readonly last: { readonly owner: string; readonly fence: number; readonly end: TenureEnd } | undefined
}

export interface Tenure extends Holder {
  readonly note: string | undefined
  readonly claimedAt: number
  readonly renewedAt: number
  readonly expiresAt: number
  readonly leaseMs: number
}

/** Who acts or holds. Two processes under one owner name are told apart by their session. */
export interface Holder {
  readonly owner: string
  readonly session: string | undefined
}

export type LaneCommand =
  | (Holder & {
      readonly kind: 'claim'
      readonly leaseMs: number
      readonly note: string | undefined
      /** How many wait for the lane and came before. Nobody barges past them. */
      readonly waitersAhead?: number
    })
  | (Holder & { readonly kind: 'heartbeat'; readonly leaseMs: number; readonly fence: number | undefined })
  | (Holder & {
      readonly kind: 'release'
      readonly fence: number | undefined
      /** Why. Only the history keeps it, for nobody holds the lane any more. */
      readonly note?: string | undefined
    })

export type LaneOutcome = 'claim' | 'steal' | 'renew' | 'heartbeat' | 'released'
export type LaneRefusal = 'lane_held' | 'lane_queued' | 'lane_not_held' | 'lease_lost'

/** A change of the lane, as its history tells it. */
export interface LaneEvent {
  readonly kind: 'claim' | 'steal' | 'renew' | 'heartbeat' | 'release' | 'clear' | 'credit'
  /** Who did it; of a credit, who has it. */
  readonly owner: string
  /** Whose tenure it ended, where that was another's. */
  readonly from: string | undefined
  /** The tenure that began, went on or ended. */
  readonly fence: number
  /** What the owner is doing; of an end, why, in the words of who brought it about. */
  readonly note: string | undefined
}

export type Decision =
  | {
      readonly outcome: LaneOutcome
      readonly next: Lane
      readonly event: LaneEvent
      readonly at: number
      /** The claim's own lease had lapsed; what was done since then was not protected. */
      readonly lapsed: boolean
    }
  | { readonly outcome: 'unchanged'; readonly at: number }
  | { readonly outcome: 'refused'; readonly refusal: LaneRefusal; readonly at: number }

export type LaneState = 'free' | 'held' | 'orphaned'

/** `held` while the lease runs; `orphaned` when it expired and nobody released or took the lane over. */
export function stateOf(lane: Lane | undefined, now: number): LaneState {
  if (!lane?.tenure) return 'free'
  return lane.tenure.expiresAt > now ? 'held' : 'orphaned'
}

/**
 * Decides what a command does to a lane.
 *
 * @param lane As locked; undefined when it was never claimed.
 * @param now The store's clock, read after the lock. A moment before the lane's last change counts as that moment.
 */
export function decide(name: string, lane: Lane | undefined, command: LaneCommand, now: number): Decision {
  const at = Math.max(now, lane?.changedAt ?? now)
  const current = lane ?? unclaimed(name, at)
  switch (command.kind) {
    case 'claim':
      return decideClaim(current, command, at)
    case 'heartbeat':
      return decideHeartbeat(current, command, at)
    case 'release':
      return decideRelease(current, command, at)
  }
}

export interface CreditTerms {
  /** The last sign of life before the outage. A tenure that was over by then gets nothing. */
  readonly aliveAt: number
  /** The longest time that is given; never more than the lease. */
  readonly maxMs: number
}

/**
 * Decides what an outage does to a lane: whoever held it then could not renew it, and gets time to be heard again. The one
 * change that goes on with a lapsed tenure: while it lapsed there was nobody who could have taken it.
 *
 * @param now The end of the outage. A moment before the lane's last change counts as that moment.
 * @returns Undefined when the lane stays as it is.
 */
export function decideCredit(
  lane: Lane,
  { aliveAt, maxMs }: CreditTerms,
  now: number,
): { readonly next: Lane; readonly event: LaneEvent } | undefined {
  const { tenure } = lane
  if (!tenure || tenure.expiresAt <= aliveAt) return undefined

  const at = Math.max(now, lane.changedAt)
  const expiresAt = at + Math.min(tenure.leaseMs, maxMs)
  if (tenure.expiresAt >= expiresAt) return undefined
  return {
    next: { ...lane, rev: lane.rev + 1, tenure: { ...tenure, expiresAt }, changedAt: at },
    event: { kind: 'credit', owner: tenure.owner, from: undefined, fence: lane.fence, note: tenure.note },
  }
}

/** A lane before its first claim. */
export function unclaimed(name: string, at: number): Lane {
  return { name, fence: 0, rev: 0, tenure: undefined, changedAt: at, last: undefined }
}

function decideClaim(lane: Lane, command: LaneCommand & { kind: 'claim' }, at: number): Decision {
  const { tenure } = lane
  const own = tenure !== undefined && isSameHolder(tenure, command)
  if (tenure && tenure.expiresAt > at) {
    if (!own) return { outcome: 'refused', refusal: 'lane_held', at }
    const note = command.note ?? tenure.note
    return extendTenure(lane, { ...tenure, note }, 'renew', command.leaseMs, at)
  }
  if (command.waitersAhead) return { outcome: 'refused', refusal: 'lane_queued', at }
  if (!tenure) return beginTenure(lane, command, at, 'claim')
  // After a lapse nothing was protected, so even the same holder begins a new tenure with a new fence.
  return beginTenure(lane, command, at, own ? 'renew' : 'steal')
}

function decideHeartbeat(lane: Lane, command: LaneCommand & { kind: 'heartbeat' }, at: number): Decision {
  if (command.fence !== undefined && command.fence !== lane.fence) {
    return { outcome: 'refused', refusal: 'lease_lost', at }
  }
  const { tenure } = lane
  if (!tenure || tenure.expiresAt <= at || !isSameHolder(tenure, command)) {
    return { outcome: 'refused', refusal: 'lane_not_held', at }
  }
  return extendTenure(lane, tenure, 'heartbeat', command.leaseMs, at)
}

function decideRelease(lane: Lane, command: LaneCommand & { kind: 'release' }, at: number): Decision {
  const { tenure } = lane
  if (command.fence !== undefined && command.fence > lane.fence)
    return { outcome: 'refused', refusal: 'lease_lost', at }
  // A release that names an older tenure is already true, and must not touch the newer one.
  if (!tenure || (command.fence !== undefined && command.fence !== lane.fence)) return { outcome: 'unchanged', at }

  const own = isSameHolder(tenure, command)
  if (!own && tenure.expiresAt > at) return { outcome: 'refused', refusal: 'lane_held', at }
  return {
    outcome: 'released',
    at,
    lapsed: false,
    next: {
      ...lane,
      rev: lane.rev + 1,
      tenure: undefined,
      changedAt: at,
      last: { owner: tenure.owner, fence: lane.fence, end: own ? 'released' : 'cleared' },
    },
    event: {
      kind: own ? 'release' : 'clear',
      owner: command.owner,
      from: own ? undefined : tenure.owner,
      fence: lane.fence,
      note: command.note,
    },
  }
}

function beginTenure(
  lane: Lane,
  command: LaneCommand & { kind: 'claim' },
  at: number,
  outcome: 'claim' | 'steal' | 'renew',
): Decision {
  const { owner, session, note, leaseMs } = command
  const fence = lane.fence + 1
  const end: TenureEnd = outcome === 'steal' ? 'stolen' : 'lapsed'
  return {
    outcome,
    at,
    lapsed: outcome === 'renew',
    next: {
      name: lane.name,
      fence,
      rev: lane.rev + 1,
      tenure: { owner, session, note, leaseMs, claimedAt: at, renewedAt: at, expiresAt: at + leaseMs },
      changedAt: at,
      last: lane.tenure ? { owner: lane.tenure.owner, fence: lane.fence, end } : lane.last,
    },
    event: { kind: outcome, owner, from: outcome === 'steal' ? lane.tenure?.owner : undefined, fence, note },
  }
}

function extendTenure(
  lane: Lane,
  tenure: Tenure,
  outcome: 'renew' | 'heartbeat',
  leaseMs: number,
  at: number,
): Decision {
  return {
    outcome,
    at,
    lapsed: false,
    next: {
      ...lane,
      rev: lane.rev + 1,
      tenure: { ...tenure, leaseMs, renewedAt: at, expiresAt: at + leaseMs },
      changedAt: at,
    },
    event: { kind: outcome, owner: tenure.owner, from: undefined, fence: lane.fence, note: tenure.note },
  }
}

/** Whether another process of the same name has the lane. To whoever asks, their own name is no answer. */
export function isHeldByTwin({ tenure }: Lane, holder: Holder): boolean {
  return tenure?.owner === holder.owner && tenure.session !== holder.session
}

function isSameHolder(one: Holder, other: Holder): boolean {
  return one.owner === other.owner && one.session === other.session
}
