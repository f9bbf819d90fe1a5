import { toSeconds } from '../../core/moment.ts'
import type { WaitStep } from './queue.ts'
import type { WireLane } from './wire.ts'

/** What every refusal carries: how the lane stands, and how long until it can be claimed; 0 when it can at once. */
export function refusalDetails(lane: WireLane): { lane: WireLane; retry_after_ms: number } {
  return { lane, retry_after_ms: lane.expires_in_ms ?? 0 }
}

/** How a lane was lost to somebody else, for the one who lost it: who has it now, and since when. */
export function describeLoss(lane: WireLane, loser: string): string {
  const isRobbed = lane.last_owner === loser && lane.last_end === 'stolen' && lane.owner !== null
  const took = isRobbed ? `'${lane.owner}' took it over at ${lane.claimed_at}; ` : ''
  return `${took}${describeNow(lane)}`
}

/** @param owner Who says that it is theirs, where that was asked. */
export function describeLost(lane: WireLane, fence: number | undefined, owner?: string): string {
  const isOthers = lane.state === 'held' && lane.fence === fence && owner !== undefined && lane.owner !== owner
  const fate = isOthers ? `is not held by '${owner}'` : (fence ?? 0) > lane.fence ? 'was never granted' : 'is over'
  return `lane '${lane.name}' tenure ${fence} ${fate} -- ${describeNow(lane)}`
}

export function describeHeld(lane: WireLane): string {
  return `lane '${lane.name}' ${describeNow(lane)}`
}

/** How the lane stands, as every refusal tells it. Without the owner's note: that is data, not the bus's own words. */
export function describeNow({ state, owner, expires_in_ms, expires_at, last_owner, last_end }: WireLane): string {
  switch (state) {
    case 'held':
      return `held by '${owner}' (lease ${toSeconds(expires_in_ms ?? 0)}s remaining)`
    case 'orphaned':
      return `the lease of '${owner}' lapsed at ${expires_at}`
    case 'free':
      return last_owner === null ? 'never claimed' : `free; '${last_owner}' held it last, until it was ${last_end}`
  }
}

export function describeUnknown(name: string): string {
  return `lane '${name}' was never claimed -- claiming it makes it`
}

export function describeQueued(lane: WireLane): string {
  return `lane '${lane.name}' is free, and ${lane.waiters} waited for it first -- claim it with wait_s to queue`
}

export function describeDeadlock(cycle: readonly WaitStep[]): string {
  const steps = cycle.map(({ owner, lane, held_by }) => `'${owner}' waits for '${lane}' held by '${held_by}'`)
  return `this wait would never end: ${steps.join(', ')} -- release what you hold of it first`
}

export function describeConflicts(lanes: readonly WireLane[]): string {
  return `none was claimed: ${lanes.map(describeHeld).join('; ')}`
}
