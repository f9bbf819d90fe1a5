import { InvariantViolation } from '../../core/invariant.ts'
import type { Lane, Tenure } from './decide.ts'

/**
 * Refuses a step of a lane that no rule may ever make, whatever decided it: it looks at the lane before and after alone. A few
 * comparisons, for every change of a lane passes through here.
 *
 * @param by The name of who did it.
 * @param now The store's clock. A moment before the lane's last change counts as that moment.
 * @throws {InvariantViolation} Nothing of the transaction stays then.
 */
export function assertStep(before: Lane | undefined, after: Lane, by: string, now: number): void {
  const fence = before?.fence ?? 0
  const rev = before?.rev ?? 0
  const tenure = before?.tenure
  const at = Math.max(now, before?.changedAt ?? now)
  const isLive = tenure !== undefined && tenure.expiresAt > at
  const isGrant = after.tenure !== undefined && !(tenure && isSame(tenure, after.tenure))
  const refuse = (invariant: string, figures: string): never => {
    throw new InvariantViolation(invariant, `${figures}, at rev ${rev}, fence ${fence}`)
  }
  if (after.rev !== rev + 1) refuse('lanes.rev-rises', `rev ${after.rev}`)
  if (after.fence < fence) refuse('lanes.fence-never-falls', `fence ${after.fence}`)
  if (after.changedAt < (before?.changedAt ?? 0)) refuse('lanes.moments-never-fall', `moment ${after.changedAt}`)
  // Also for the same holder: what it did since its lease lapsed was not protected.
  if (isLive && isGrant)
    refuse('lanes.one-holder', `granted ${tenure.expiresAt - at} ms before the end of another tenure`)
  if (isLive && !after.tenure && (by !== tenure.owner || after.last?.end !== 'released')) {
    refuse('lanes.one-holder', `ended by another ${tenure.expiresAt - at} ms before its end`)
  }
  if (isGrant && after.fence <= fence) refuse('lanes.grant-raises-fence', `granted under fence ${after.fence}`)
  if (!isGrant && after.fence !== fence) refuse('lanes.fence-is-of-a-tenure', `fence ${after.fence} without a grant`)
}

/** Whether one tenure goes on as the other: it may be renewed, and nothing of who has it since when may change. */
function isSame(one: Tenure, other: Tenure): boolean {
  return one.owner === other.owner && one.session === other.session && one.claimedAt === other.claimedAt
}
