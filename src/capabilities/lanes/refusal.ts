import { toSeconds } from '../../core/moment.ts'
import type { WaitStep } from './queue.ts'
import type { WireLane } from './wire.ts'

interface Held {
  readonly lane: WireLane
  /** Another process of the asker's name holds it. */
  readonly byTwin: boolean
}

/** What every refusal carries: how the lane stands, and how long until it can be claimed; 0 when it can at once. */
export function refusalDetails(lane: WireLane): { lane: WireLane; retry_after_ms: number } {
  return { lane, retry_after_ms: lane.expires_in_ms ?? 0 }
}

/** Who holds a lane, for one who asks. Their own name is told with what makes it another holder's. */
export function nameHolder(owner: string | null, byTwin: boolean): string {
  return byTwin ? `'${owner}' in another session` : `'${owner}'`
}

/** How a lane was lost to somebody else, for the one who lost it: who has it now, and since when. */
export function describeLoss(lane: WireLane, loser: string, byTwin: boolean): string {
  const isRobbed = lane.last_owner === loser && lane.last_end === 'stolen' && lane.owner !== null
  const took = isRobbed ? `${nameHolder(lane.owner, byTwin)} took it over at ${lane.claimed_at}; ` : ''
  return `${took}${describeNow(lane, byTwin)}`
}

export function describeLost(lane: WireLane, fence: number | undefined, byTwin = false): string {
  const fate = (fence ?? 0) > lane.fence ? 'was never granted' : 'is over'
  return `lane '${lane.name}' tenure ${fence} ${fate} -- ${describeNow(lane, byTwin)}`
}

/** For one whose fence is that of another's tenure. */
export function describeNotTheirs(lane: WireLane, fence: number, owner: string, byTwin: boolean): string {
  return `lane '${lane.name}' tenure ${fence} is not held by '${owner}'${byTwin ? ' in this session' : ''} -- ${describeNow(lane, byTwin)}`
}

export function describeHeld({ lane, byTwin }: Held): string {
  return `lane '${lane.name}' ${describeNow(lane, byTwin)}`
}

/** Not released, because somebody else holds it. */
export function describeHeldLive(held: Held): string {
  const { lane, byTwin } = held
  return byTwin ? describeHeld(held) : `lane '${lane.name}' held live by another owner (${describeNow(lane, byTwin)})`
}

/** How the lane stands, as every refusal tells it. Without the owner's note: that is data, not the bus's own words. */
function describeNow(lane: WireLane, byTwin: boolean): string {
  const { state, owner, expires_in_ms, expires_at, last_owner, last_end } = lane
  switch (state) {
    case 'held':
      return `held by ${nameHolder(owner, byTwin)} (lease ${toSeconds(expires_in_ms ?? 0)}s remaining)`
    case 'orphaned':
      return `the lease of ${nameHolder(owner, byTwin)} lapsed at ${expires_at}`
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
  const steps = cycle.map(({ owner, lane, held_by }) => {
    // Nobody waits for a lane of their own, so the same name is another session's.
    const holder = nameHolder(held_by, held_by === owner)
    return `'${owner}' waits for '${lane}' held by ${holder}`
  })
  return `this wait would never end: ${steps.join(', ')} -- release what you hold of it first`
}

export function describeConflicts(conflicts: readonly Held[]): string {
  return `none was claimed: ${conflicts.map(describeHeld).join('; ')}`
}
