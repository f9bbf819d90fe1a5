import type { Holder, LaneCommand } from '../../src/capabilities/lanes/decide.ts'
import { type Answer, isGrant } from './history.ts'
import type { Random } from './random.ts'

/** Two processes under each name. */
export function listTwins(names: readonly string[]): Holder[] {
  return names.flatMap((owner) => ['one', 'two'].map((session) => ({ owner, session })))
}

/** How many of the claims wait for a lane that is not to be had, and how long at most. */
export interface Waits {
  readonly share: number
  readonly minMs: number
  readonly maxMs: number
}

export interface Choice {
  readonly lane: string
  readonly command: LaneCommand
  /** 0 for a command that does not wait. */
  readonly waitMs: number
}

export interface Agent {
  /** What it does next. */
  choose(): Choice
  learn(lane: string, answer: Answer): void
}

/** How long the leases are that it asks for. */
export interface Leases {
  readonly minMs: number
  readonly maxMs: number
}

const SHORT_LEASES: Leases = { minMs: 15, maxMs: 45 }
const OWN_SHARE = 0.4

/** An agent that claims, keeps and releases at random, and now and then believes in a tenure that is over. */
export function createAgent(
  random: Random,
  holder: Holder,
  lanes: readonly string[],
  waits?: Waits,
  leases = SHORT_LEASES,
): Agent {
  /** The last two tenures that it was granted. */
  const fences = new Map<string, readonly number[]>()
  /** The last lane that it was granted: what it does to one while it holds it would be rare otherwise. */
  let own: string | undefined

  const chooseFence = (lane: string) => {
    const known = fences.get(lane) ?? []
    return random.pick([undefined, known[0], known[0], known[1]])
  }
  const chooseWait = () => (waits && random.chance(waits.share) ? random.between(waits.minMs, waits.maxMs) : 0)
  return {
    choose: () => {
      const lane = own !== undefined && random.chance(OWN_SHARE) ? own : random.pick(lanes)
      const leaseMs = random.between(leases.minMs, leases.maxMs)
      const kind = random.pick<LaneCommand['kind']>(['claim', 'claim', 'claim', 'heartbeat', 'heartbeat', 'release'])
      switch (kind) {
        case 'claim':
          return { lane, command: { kind, ...holder, leaseMs, note: undefined }, waitMs: chooseWait() }
        case 'heartbeat':
          return { lane, command: { kind, ...holder, leaseMs, fence: chooseFence(lane) }, waitMs: 0 }
        case 'release':
          return { lane, command: { kind, ...holder, fence: chooseFence(lane) }, waitMs: 0 }
      }
    },
    learn: (lane, answer) => {
      if (!isGrant(answer.outcome)) return
      own = lane
      const [newest] = fences.get(lane) ?? []
      if (newest === answer.lane.fence) return
      fences.set(lane, newest === undefined ? [answer.lane.fence] : [answer.lane.fence, newest])
    },
  }
}
