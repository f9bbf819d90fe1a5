import type { BusClient } from '../../src/client/index.ts'

export type LaneEvent = Awaited<ReturnType<BusClient['lanes']['history']>>['events'][number]

/** The whole history of a lane, oldest first; of at most 500 events. */
export async function readLaneHistory({ lanes }: BusClient, lane: string): Promise<LaneEvent[]> {
  const { events } = await lanes.history({ lane, limit: 500 })
  return events.toReversed()
}

/** The longest credit after an outage, as documented. */
const MAX_CREDIT_S = 150

interface Tenure {
  readonly owner: string
  readonly fence: number
  readonly expiresAt: number
}

/** What no lane's history may hold, one line each, told from the moments and owners alone. */
export function findIllegal(events: readonly LaneEvent[]): string[] {
  const faults: string[] = []
  let tenure: Tenure | undefined
  let lastFence = 0
  let lastAt = 0
  for (const [index, { rev, event, owner, fence, at: moment, lease_s }] of events.entries()) {
    const at = Date.parse(moment)
    const blame = (fault: string) => faults.push(`rev ${rev}, ${event} by ${owner}: ${fault}`)
    const isLive = tenure !== undefined && tenure.expiresAt > at
    if (rev !== index + 1) blame('a gap before it')
    if (at < lastAt) blame('time ran backwards')
    if (fence !== lastFence && fence !== lastFence + 1) blame(`the fence went from ${lastFence} to ${fence}`)
    if (isLive && tenure?.owner !== owner) blame(`while ${tenure?.owner} held it live`)
    if (isLive && fence !== lastFence) blame('a new tenure while the old one was live')
    if (event === 'credit') {
      const isSame = tenure !== undefined && tenure.owner === owner && tenure.fence === fence
      const expiresAt = at + Math.min(lease_s ?? 0, MAX_CREDIT_S) * 1_000
      if (!isSame) blame('a credit for what nobody held')
      else if (tenure && tenure.expiresAt >= expiresAt) blame('a credit for a lease that was longer')
      tenure = { owner, fence, expiresAt }
    } else {
      if (!isLive && lease_s !== null && fence === lastFence) blame('a lease that had ended went on')
      tenure = lease_s === null ? undefined : { owner, fence, expiresAt: at + lease_s * 1_000 }
    }
    lastFence = fence
    lastAt = at
  }
  return faults
}
