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
  const broken = findBroken(before ?? NEVER_CLAIMED, after, by, now)
  if (broken === undefined) return
  const { fence, rev, changedAt } = before ?? NEVER_CLAIMED
  throw new InvariantViolation(
    broken,
    `from rev ${rev}, fence ${fence} and moment ${changedAt} to rev ${after.rev}, fence ${after.fence} and moment ${after.changedAt}, at ${now}`,
  )
}

type Before = Pick<Lane, 'fence' | 'rev' | 'tenure' | 'changedAt'>

const NEVER_CLAIMED: Before = { fence: 0, rev: 0, tenure: undefined, changedAt: 0 }

function findBroken(before: Before, after: Lane, by: string, now: number): string | undefined {
  const { tenure } = before
  const isLive = tenure !== undefined && tenure.expiresAt > Math.max(now, before.changedAt)
  const isGrant = after.tenure !== undefined && !(tenure && isSame(tenure, after.tenure))
  if (after.rev !== before.rev + 1) return 'lanes.rev-rises'
  if (after.fence < before.fence) return 'lanes.fence-never-falls'
  if (after.changedAt < before.changedAt) return 'lanes.moments-never-fall'
  // Also for the same holder: its tenure goes on, or it has ended.
  if (isLive && isGrant) return 'lanes.one-holder'
  const isEnded = isLive && !after.tenure
  if (isEnded && (by !== tenure.owner || after.last?.end !== 'released')) return 'lanes.one-holder'
  if (isGrant && after.fence === before.fence) return 'lanes.grant-raises-fence'
  if (!isGrant && after.fence !== before.fence) return 'lanes.fence-is-of-a-tenure'
  return undefined
}

/** Whether one tenure goes on as the other: it may be renewed, and nothing of who has it since when may change. */
function isSame(one: Tenure, other: Tenure): boolean {
  return one.owner === other.owner && one.session === other.session && one.claimedAt === other.claimedAt
}
