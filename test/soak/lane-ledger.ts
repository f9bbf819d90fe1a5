import type { Output } from '../../src/client/index.ts'
import type { Raise } from './alarms.ts'

export type Lane = Output<'lanes.get'>['lane']

/** What a lane was known to be before a request was sent: no answer to it may be older. */
export interface Known {
  readonly fence: number
  readonly rev: number
}

/** What a claim answered. */
export interface Grant {
  readonly decision: 'claim' | 'steal' | 'renew'
  readonly lane: Lane
  readonly lapsed?: boolean | undefined
}

/** A line of a lane's history. */
export interface Change {
  readonly rev: number
  readonly event: string
  readonly owner: string
  readonly fence: number
}

/** What one reader has of each lane's history. */
export type Followed = Map<string, Change>

interface Tenure {
  readonly holder: string
  readonly owner: string
  readonly claimedAt: number
  /** The latest end that the holder was promised: nobody here ever shortens a lease. */
  expiresAt: number
  /** The holder has begun to give it back, and it is not known when that came about. */
  isGivenBack: boolean
  /** Told once. */
  isTold: boolean
}

/** What all agents together know of the lanes. It only believes what was answered to one of them. */
export interface LaneLedger {
  /** To be asked before a request is sent. */
  known(lane: string): Known
  /** @param holder Who asked: an owner and a session. */
  granted(holder: string, known: Known, grant: Grant): void
  renewed(holder: string, known: Known, lane: Lane): void
  /** Before a release is sent: from now on the tenure may be over. */
  givesBack(lane: string, fence: number): void
  /** Any answer that shows a lane. */
  saw(known: Known, lane: Lane): void
  verified(known: Known, fence: number, valid: boolean, lane: Lane): void
  /** A change as a reader of all events meets it, each once and in order. */
  followed(reader: string, before: Followed, lane: string, change: Change): void
  /** The lanes that were ever granted, with the newest that is known of them. */
  all(): ReadonlyMap<string, Known>
}

/** So many tenures of a lane are remembered: answers come out of order by seconds, not by minutes. */
const KEPT_TENURES = 32

const UNKNOWN: Known = { fence: 0, rev: 0 }

export function createLaneLedger(raise: Raise): LaneLedger {
  const newest = new Map<string, Known>()
  const tenures = new Map<string, Map<number, Tenure>>()

  const saw = (known: Known, { name, fence, rev }: Lane) => {
    if (fence < known.fence) raise('went back', `${name} has fence ${fence} after ${known.fence}`)
    if (rev < known.rev) raise('went back', `${name} has rev ${rev} after ${known.rev}`)
    const before = newest.get(name) ?? UNKNOWN
    if (rev > before.rev) newest.set(name, { fence: Math.max(fence, before.fence), rev })
  }

  const note = (holder: string, lane: Lane) => {
    const { name, owner, claimed_at, expires_at } = lane
    if (owner === null || claimed_at === null || expires_at === null) {
      return raise('fence', `${name} was granted, and the answer says that nobody has it`)
    }
    const ofLane = tenures.get(name) ?? new Map<number, Tenure>()
    tenures.set(name, ofLane)
    const expiresAt = Date.parse(expires_at)
    const begun: Tenure = {
      holder,
      owner,
      claimedAt: Date.parse(claimed_at),
      expiresAt,
      isGivenBack: false,
      isTold: false,
    }
    const tenure = ofLane.get(lane.fence) ?? begun
    if (tenure.holder !== holder) {
      raise('fence', `${name}: fence ${lane.fence} was given to ${tenure.holder} and to ${holder}`)
    }
    tenure.expiresAt = Math.max(tenure.expiresAt, expiresAt)
    ofLane.set(lane.fence, tenure)
    for (const [fence] of ofLane) if (ofLane.size > KEPT_TENURES) ofLane.delete(fence)
    compareHolders(raise, name, ofLane)
  }

  return {
    known: (lane) => newest.get(lane) ?? UNKNOWN,
    granted: (holder, known, { decision, lane, lapsed = false }) => {
      const isNew = decision !== 'renew' || lapsed
      const isGiven = tenures.get(lane.name)?.has(lane.fence) ?? false
      if (isNew && isGiven) raise('fence', `${lane.name}: fence ${lane.fence} began twice`)
      if (isNew && lane.fence <= known.fence) {
        raise('fence', `${lane.name}: a new tenure has fence ${lane.fence} after ${known.fence}`)
      }
      saw(known, lane)
      note(holder, lane)
    },
    renewed: (holder, known, lane) => {
      saw(known, lane)
      note(holder, lane)
    },
    givesBack: (lane, fence) => {
      const tenure = tenures.get(lane)?.get(fence)
      if (tenure) tenure.isGivenBack = true
    },
    saw,
    verified: (known, fence, valid, lane) => {
      saw(known, lane)
      if (valid && fence < known.fence) {
        raise('fence', `${lane.name}: fence ${fence} is said to be valid after ${known.fence}`)
      }
    },
    followed: (reader, before, lane, change) => {
      const last = before.get(lane)
      before.set(lane, change)
      const owner = tenures.get(lane)?.get(change.fence)?.owner
      const isOthers = change.event !== 'clear' && owner !== undefined && owner !== change.owner
      if (isOthers) raise('fence', `${lane}: fence ${change.fence} is ${owner}'s, and ${change.owner}'s in the events`)
      checkSuccession(raise, `${lane}, as ${reader} follows it`, last, change)
    },
    all: () => newest,
  }
}

/** Both moments are of the bus's own clock, so that it does not matter whose answer came first. */
function compareHolders(raise: Raise, name: string, tenures: ReadonlyMap<number, Tenure>): void {
  const inOrder = [...tenures].sort(([one], [other]) => one - other)
  for (const [index, [fence, tenure]] of inOrder.entries()) {
    const { expiresAt, isGivenBack, isTold, holder } = tenure
    const [nextFence, next] = inOrder[index + 1] ?? []
    if (next === undefined || isGivenBack || isTold || next.claimedAt >= expiresAt) continue
    tenure.isTold = true
    const early = expiresAt - next.claimedAt
    raise(
      'two holders',
      `${name}: ${next.holder} got fence ${nextFence} ${early} ms before the lease of ${holder}, fence ${fence}, was over`,
    )
  }
}

const BEGINNINGS = ['claim', 'steal']

/** Revs rise by one, and fences with each tenure. A renewal after a lapse is a new tenure, too. */
function checkSuccession(raise: Raise, where: string, last: Change | undefined, change: Change): void {
  if (last === undefined) return
  if (change.rev !== last.rev + 1) raise('gap', `${where}: rev ${change.rev} after ${last.rev}`)
  const isNew = BEGINNINGS.includes(change.event)
  const isRight =
    change.fence === last.fence + 1 ? isNew || change.event === 'renew' : !isNew && change.fence === last.fence
  if (!isRight) raise('fence', `${where}: ${change.event} with fence ${change.fence} after ${last.fence}`)
}
