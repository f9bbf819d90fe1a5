import {
  type Decision,
  type Lane,
  type LaneCommand,
  type LaneRefusal,
  type LaneState,
  stateOf,
  type TenureEnd,
} from '../../src/capabilities/lanes/decide.ts'
import type { WireLane } from '../../src/capabilities/lanes/wire.ts'

/** One command to one lane, as the client that sent it saw it. */
export interface Entry {
  readonly lane: string
  readonly command: LaneCommand
  /** How long a claim was willing to wait for the lane; not at all when left out. */
  readonly waitMs?: number
  /** On one monotonic clock for all clients of the history. */
  readonly invokedAt: number
  readonly returnedAt: number
  /** Absent when the connection was cut: it may have happened, at any time since then, or never. */
  readonly answer: Answer | undefined
}

/** What was decided. `lapsed`: a claim whose own lease had lapsed. `already`: a release that changed nothing. */
export type Outcome = 'claim' | 'steal' | 'renew' | 'lapsed' | 'heartbeat' | 'released' | 'already' | LaneRefusal

export interface Answer {
  readonly outcome: Outcome
  /** The lane after the command, at the moment of the decision. */
  readonly lane: LaneView
}

/** A lane as an answer shows it: who, since when and until when are null while nobody holds it. Moments in milliseconds. */
export interface LaneView {
  readonly state: LaneState
  readonly owner: string | null
  readonly fence: number
  readonly rev: number
  readonly claimedAt: number | null
  readonly renewedAt: number | null
  readonly expiresAt: number | null
  readonly expiresInMs: number | null
  readonly leaseMs: number | null
  readonly lastOwner: string | null
  readonly lastFence: number | null
  readonly lastEnd: TenureEnd | null
}

/** The answer that a bus gives to a decision. */
export function toAnswer(before: Lane | undefined, decision: Decision): Answer {
  const after = 'next' in decision ? decision.next : before
  return { outcome: toOutcome(decision), lane: viewLane(after, decision.at) }
}

function toOutcome(decision: Decision): Outcome {
  switch (decision.outcome) {
    case 'refused':
      return decision.refusal
    case 'unchanged':
      return 'already'
    default:
      return decision.outcome === 'renew' && decision.lapsed ? 'lapsed' : decision.outcome
  }
}

function viewLane(lane: Lane | undefined, at: number): LaneView {
  const { tenure, last } = lane ?? {}
  return {
    state: stateOf(lane, at),
    owner: tenure?.owner ?? null,
    fence: lane?.fence ?? 0,
    rev: lane?.rev ?? 0,
    claimedAt: tenure?.claimedAt ?? null,
    renewedAt: tenure?.renewedAt ?? null,
    expiresAt: tenure?.expiresAt ?? null,
    expiresInMs: tenure ? Math.max(0, tenure.expiresAt - at) : null,
    leaseMs: tenure?.leaseMs ?? null,
    lastOwner: last?.owner ?? null,
    lastFence: last?.fence ?? null,
    lastEnd: last?.end ?? null,
  }
}

interface WireAnswer {
  readonly lane: WireLane
  readonly decision?: 'claim' | 'steal' | 'renew' | 'heartbeat' | 'released'
  readonly code?: LaneRefusal
  readonly lapsed?: boolean
  readonly already?: boolean
}

/** Reads the body of a 200 or of a 409. */
export function parseAnswer(text: string): Answer {
  const { lane, decision, code, lapsed, already }: WireAnswer = JSON.parse(text)
  const outcome = lapsed ? 'lapsed' : already ? 'already' : (decision ?? code)
  if (outcome === undefined || lane === undefined) throw new Error(`no answer about a lane: ${text}`)
  return {
    outcome,
    lane: {
      state: lane.state,
      owner: lane.owner,
      fence: lane.fence,
      rev: lane.rev,
      claimedAt: toEpochMs(lane.claimed_at),
      renewedAt: toEpochMs(lane.renewed_at),
      expiresAt: toEpochMs(lane.expires_at),
      expiresInMs: lane.expires_in_ms,
      leaseMs: lane.lease_s === null ? null : Math.round(lane.lease_s * 1000),
      lastOwner: lane.last_owner,
      lastFence: lane.last_fence,
      lastEnd: lane.last_end,
    },
  }
}

function toEpochMs(moment: string | null): number | null {
  return moment === null ? null : Date.parse(moment)
}

/** Whether the command began, prolonged or ended a tenure. */
export function isChange({ outcome }: Answer): boolean {
  return isGrant(outcome) || outcome === 'released'
}

/** Whether whoever asked holds the lane now. */
export function isGrant(outcome: Outcome): boolean {
  return ['claim', 'steal', 'renew', 'lapsed', 'heartbeat'].includes(outcome)
}
