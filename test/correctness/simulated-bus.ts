import { decide, type Holder, type Lane, type LaneCommand, stateOf } from '../../src/capabilities/lanes/decide.ts'
import { type Answer, isGrant, toAnswer } from './history.ts'
import type { Random } from './random.ts'
import type { Decide } from './search.ts'
import type { QueueEvent } from './waits.ts'

/** What a bus may do wrong. The right one does nothing of it. */
export interface Mistakes {
  readonly decide?: Decide
  /** Reads, decides and writes while others do. */
  readonly locksNothing?: boolean
  /** Reads the clock, and then waits for the lock. */
  readonly readsClockBeforeLock?: boolean
  /** Keeps nothing of a lane that was released. */
  readonly deletesOnRelease?: boolean
  /** Says yes when the news of a grant arrives, whatever has become of the lane and of the caller meanwhile. */
  readonly trustsOldGrants?: boolean
}

export interface Request {
  readonly who: string
  readonly lane: string
  readonly command: LaneCommand
  /** How long it waits for the lane at most; 0 to be refused at once. */
  readonly waitMs: number
  /** Its connection was cut. */
  isGone: boolean
}

export interface SimulatedBus {
  readonly mistakes: Mistakes
  readonly lanes: Map<string, Lane>
  readonly locked: Set<string>
  readonly queues: Map<string, Request[]>
  /** What happened to each queue. */
  readonly events: Map<string, QueueEvent[]>
  /** One line for each yes that was not true when it was said, and for each grant left with one that had gone. */
  readonly staleYes: string[]
  now: number
}

export function createSimulatedBus(mistakes: Mistakes): SimulatedBus {
  return {
    mistakes,
    lanes: new Map(),
    locked: new Set(),
    queues: new Map(),
    events: new Map(),
    staleYes: [],
    now: 1_900_000_000_000,
  }
}

type Steps<T> = Generator<undefined, T>

/** One request in the bus; others go on at every `yield`. The answer is the last decision about it. */
export function* serve(bus: SimulatedBus, random: Random, request: Request): Steps<Answer> {
  let answer = yield* change(bus, random, request)
  if (request.waitMs === 0 || !isBusy(answer)) return answer
  const endsAt = bus.now + request.waitMs
  enter(bus, request)
  while (!request.isGone && bus.now < endsAt) {
    yield
    if (request.isGone || !isTurn(bus, request)) continue
    answer = yield* change(bus, random, request)
    if (!isGrant(answer.outcome)) continue
    yield* confirm(bus, random, request, answer)
    return answer
  }
  leave(bus, request)
  return answer
}

/** One step of a lane: lock, decide, keep. */
function* change(bus: SimulatedBus, random: Random, request: Request): Steps<Answer> {
  const { lane: name, command } = request
  const { decide: rule = decide, locksNothing, readsClockBeforeLock, deletesOnRelease } = bus.mistakes
  const early = readsClockBeforeLock ? bus.now : undefined
  yield
  while (!locksNothing && bus.locked.has(name)) yield
  bus.locked.add(name)
  const lane = bus.lanes.get(name)
  const now = early ?? bus.now
  while (random.chance(0.5)) yield
  const ahead = countAhead(bus, request)
  const decision = rule(name, lane, command.kind === 'claim' ? { ...command, waitersAhead: ahead } : command, now)
  if ('next' in decision) bus.lanes.set(name, decision.next)
  if (deletesOnRelease && decision.outcome === 'released') bus.lanes.delete(name)
  // A renewal of one's own live lease passes nobody.
  const isNew = 'next' in decision && decision.next.fence !== (lane?.fence ?? 0)
  if (isNew) takeOut(bus, request, 'grant')
  bus.locked.delete(name)
  yield
  return toAnswer(lane, decision)
}

/**
 * The news of a grant takes a while to reach the one that waits. Under the lock it is seen what the grant is worth then: it
 * is taken back from one that has gone, and one whose tenure is over is not told yes.
 */
function* confirm(bus: SimulatedBus, random: Random, request: Request, { lane: { fence } }: Answer): Steps<void> {
  const { lane: name, command, who } = request
  const { trustsOldGrants, decide: rule = decide } = bus.mistakes
  const isCurrent = () => {
    const lane = bus.lanes.get(name)
    return lane?.fence === fence && stateOf(lane, bus.now) === 'held'
  }
  while (random.chance(0.8)) yield
  if (!trustsOldGrants) {
    while (bus.locked.has(name)) yield
    if (!isCurrent()) return
    if (request.isGone) {
      const undo: LaneCommand = { kind: 'release', ...toHolder(command), fence }
      const undone = rule(name, bus.lanes.get(name), undo, bus.now)
      if ('next' in undone) bus.lanes.set(name, undone.next)
    }
  }
  if (request.isGone && isCurrent()) bus.staleYes.push(`${who} has gone, and was left with fence ${fence}`)
  if (!request.isGone && !isCurrent()) bus.staleYes.push(`${who} was told that it holds fence ${fence}, which was over`)
}

function isBusy({ outcome }: Answer): boolean {
  return outcome === 'lane_held' || outcome === 'lane_queued'
}

function isTurn(bus: SimulatedBus, request: Request): boolean {
  return countAhead(bus, request) === 0 && stateOf(bus.lanes.get(request.lane), bus.now) !== 'held'
}

/** How many wait for the lane and came before; all of them for one that does not wait. */
function countAhead({ queues }: SimulatedBus, request: Request): number {
  const queue = queues.get(request.lane) ?? []
  const place = queue.indexOf(request)
  return place === -1 ? queue.length : place
}

function enter(bus: SimulatedBus, request: Request): void {
  bus.queues.set(request.lane, [...(bus.queues.get(request.lane) ?? []), request])
  tell(bus, request, 'join')
}

function leave(bus: SimulatedBus, request: Request): void {
  takeOut(bus, request, 'leave')
}

function takeOut(bus: SimulatedBus, request: Request, kind: 'leave' | 'grant'): void {
  const queue = bus.queues.get(request.lane) ?? []
  bus.queues.set(
    request.lane,
    queue.filter((other) => other !== request),
  )
  // Only a claim is granted anything.
  if (request.command.kind === 'claim') tell(bus, request, kind)
}

function tell({ events }: SimulatedBus, { lane, who }: Request, kind: QueueEvent['kind']): void {
  const told = events.get(lane) ?? []
  told.push({ kind, who })
  events.set(lane, told)
}

function toHolder({ owner, session }: Holder): Holder {
  return { owner, session }
}
