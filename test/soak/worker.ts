import { BusApiError, type Output } from '../../src/client/index.ts'
import { type Caller, createCaller, type Stage, think } from './caller.ts'
import type { Lane } from './lane-ledger.ts'

const TOPICS = 12
/**
 * Long enough for a pause of the bus, and short enough that what a dead agent left is soon taken over. Each agent has one, so
 * that no renewal shortens a lease.
 */
const LEASES_S = [4, 8, 15]
const BIG_BODY = [8_000, 30_000, 60_000]

/** The flagged messages that nobody has acknowledged yet. */
export interface Flags {
  readonly pending: number[]
}

export interface Worker {
  readonly stage: Stage
  readonly name: string
  readonly flags: Flags
}

/** One process of an agent. */
interface Self extends Worker {
  readonly caller: Caller
  readonly session: string
  readonly leaseSeconds: number
  /** What it believes to hold, by lane: the fences. */
  readonly held: Map<string, number>
}

/** The agents that are at work now, each by its process: for who kills some of them. */
export type Living = Set<Caller>

/** Works until all leave. When its process is killed, a new one takes over that knows nothing. */
export async function work(worker: Worker, living: Living): Promise<void> {
  const { stage } = worker
  for (let process = 1; !stage.leaving.aborted; process += 1) {
    const caller = createCaller(stage)
    const session = `${worker.name}.${process}`
    const self: Self = { ...worker, caller, session, leaseSeconds: stage.random.pick(LEASES_S), held: new Map() }
    living.add(caller)
    while (!caller.isDead() && !stage.leaving.aborted) {
      await think(stage)
      if (!stage.leaving.aborted) await actOnce(self)
    }
    living.delete(caller)
  }
}

/** What agents do, and how often: in hundredths. */
const ACTS: readonly (readonly [weight: number, act: (self: Self) => Promise<unknown>])[] = [
  [20, (self) => claim(self, 0)],
  [5, (self) => claim(self, 1 + self.stage.random.below(3))],
  [2, claimSeveral],
  [12, heartbeat],
  [15, release],
  [18, post],
  [5, acknowledge],
  [9, readTopic],
  [2, search],
  [4, (self) => self.caller.look((options) => self.caller.client.status.get({}, options))],
  [3, listLanes],
  [3, verify],
  [1, readHistory],
  // Forgets what it holds: that lapses, and somebody takes it over.
  [3, async (self) => self.held.clear()],
]

async function actOnce(self: Self): Promise<void> {
  let ticket = self.stage.random.next() * ACTS.reduce((sum, [weight]) => sum + weight, 0)
  for (const [weight, act] of ACTS) {
    ticket -= weight
    if (ticket < 0) {
      await act(self).catch((error: unknown) => {
        // Refused, which was looked at already.
        if (!(error instanceof BusApiError)) throw error
      })
      return
    }
  }
}

function pickLane({ stage }: Self): string {
  return `work-${stage.random.below(stage.workLanes)}`
}

function pickTopic({ stage }: Self): string {
  return `topic-${stage.random.below(TOPICS)}`
}

function pickHeld({ stage, held }: Self): [string, number] | undefined {
  return held.size === 0 ? undefined : stage.random.pick([...held])
}

/** The lane as a refusal shows it. */
async function seeingRefusal<T>(self: Self, lane: string, ask: () => Promise<T>): Promise<T> {
  const known = self.stage.lanes.known(lane)
  try {
    return await ask()
  } catch (error) {
    if (error instanceof BusApiError && error.body.lane !== undefined) {
      self.stage.lanes.saw(known, error.body.lane as Lane) // What a refusal carries under this name is one.
    }
    throw error
  }
}

async function claim(self: Self, waitSeconds: number): Promise<void> {
  const { stage, caller, name, session, leaseSeconds, held } = self
  const lane = pickLane(self)
  const known = stage.lanes.known(lane)
  const wait = waitSeconds === 0 ? {} : { wait_s: waitSeconds }
  const input = { lane, owner: name, session, lease_s: leaseSeconds, note: 'soaking', ...wait }
  const grant = await seeingRefusal(self, lane, () =>
    caller.settle((options) => caller.client.lanes.claim(input, options)),
  )
  if (!grant) return
  stage.lanes.granted(session, known, grant)
  held.set(lane, grant.lane.fence)
}

async function claimSeveral(self: Self): Promise<void> {
  const { stage, caller, name, session, leaseSeconds, held } = self
  const lanes = [...new Set([pickLane(self), pickLane(self), pickLane(self)])]
  const known = new Map(lanes.map((lane) => [lane, stage.lanes.known(lane)]))
  const input = { lanes, owner: name, session, lease_s: leaseSeconds }
  const answer = await caller.settle((options) => caller.client.lanes.claimAll(input, options))
  for (const grant of answer?.lanes ?? []) {
    stage.lanes.granted(session, known.get(grant.lane.name) ?? { fence: 0, rev: 0 }, grant)
    held.set(grant.lane.name, grant.lane.fence)
  }
}

async function heartbeat(self: Self): Promise<void> {
  const [lane, fence] = pickHeld(self) ?? []
  if (lane === undefined || fence === undefined) return claim(self, 0)
  const { stage, caller, name, session, leaseSeconds, held } = self
  const known = stage.lanes.known(lane)
  const input = { lane, owner: name, session, fence, lease_s: leaseSeconds }
  try {
    const answer = await seeingRefusal(self, lane, () =>
      caller.settle((options) => caller.client.lanes.heartbeat(input, options)),
    )
    if (answer) stage.lanes.renewed(session, known, answer.lane)
  } catch (error) {
    held.delete(lane)
    throw error
  }
}

async function release(self: Self): Promise<void> {
  const [lane, fence] = pickHeld(self) ?? []
  if (lane === undefined || fence === undefined) return claim(self, 0)
  const { stage, caller, name, session, held } = self
  held.delete(lane)
  const known = stage.lanes.known(lane)
  stage.lanes.givesBack(lane, fence)
  const input = { lane, owner: name, session, fence }
  const answer = await seeingRefusal(self, lane, () =>
    caller.settle((options) => caller.client.lanes.release(input, options)),
  )
  if (answer) stage.lanes.saw(known, answer.lane)
}

async function post(self: Self): Promise<void> {
  const { stage, caller, name, session, flags } = self
  const { random } = stage
  const body = stage.messages.write(
    session,
    'x'.repeat(random.chance(0.02) ? random.pick(BIG_BODY) : random.below(300)),
  )
  const [lane, fence] = (random.chance(0.2) && pickHeld(self)) || []
  const isFlagged = random.chance(0.1)
  const input = {
    topic: pickTopic(self),
    sender: name,
    body,
    action_flag: isFlagged,
    // A session goes with a lane.
    ...(lane === undefined || fence === undefined ? {} : { lane, fence, session }),
  }
  const message = await caller.settle((options) => caller.client.messages.post(input, options))
  if (!message) return
  stage.messages.posted(message.id, body)
  if (isFlagged) flags.pending.push(message.id)
}

/** The first one counts: whoever comes second must be told so. */
async function acknowledge(self: Self): Promise<void> {
  const { stage, caller, name, flags } = self
  const id = flags.pending.shift()
  if (id === undefined) return post(self)
  const input = { id, sender: name }
  const ask = () => caller.settle((options) => caller.client.messages.ack(input, options))
  const answers = await Promise.all(stage.random.chance(0.2) ? [ask(), ask()] : [ask()])
  const firsts = answers.filter((answer) => answer && answer.already !== true).length
  if (answers.every((answer) => answer === undefined)) flags.pending.push(id)
  if (firsts > 1) stage.alarms.raise('order', `message ${id} was acknowledged first by two`)
}

/** The newest of a topic come in their order, and none twice. */
async function readTopic(self: Self): Promise<void> {
  const { stage, caller } = self
  const page = await caller.look((options) => caller.client.messages.read({ topic: pickTopic(self) }, options))
  checkDescending(self, page)
  if (page && page.head_id < (page.messages[0]?.id ?? 0))
    stage.alarms.raise('order', 'a message is newer than the head')
}

async function search(self: Self): Promise<void> {
  const { caller, name } = self
  const input = { search: `soak "${name}"`, limit: 10 }
  checkDescending(self, await caller.look((options) => caller.client.messages.read(input, options)))
}

function checkDescending({ stage }: Self, page: Output<'messages.read'> | undefined): void {
  for (const [index, { id }] of (page?.messages ?? []).entries()) {
    const newer = page?.messages[index - 1]?.id ?? Number.POSITIVE_INFINITY
    if (id >= newer) stage.alarms.raise('order', `message ${id} stands below ${newer}`)
  }
}

async function listLanes({ stage, caller }: Self): Promise<void> {
  const before = new Map(stage.lanes.all())
  const page = await caller.look((options) => caller.client.lanes.list({ limit: 100 }, options))
  for (const lane of page?.lanes ?? []) stage.lanes.saw(before.get(lane.name) ?? { fence: 0, rev: 0 }, lane)
}

async function verify(self: Self): Promise<void> {
  const [lane, fence] = pickHeld(self) ?? []
  if (lane === undefined || fence === undefined) return
  const { stage, caller } = self
  const known = stage.lanes.known(lane)
  const answer = await caller.look((options) => caller.client.lanes.verify({ lane, fence }, options))
  if (answer) stage.lanes.verified(known, fence, answer.valid, answer.lane)
}

async function readHistory(self: Self): Promise<void> {
  const { stage, caller } = self
  const lane = pickLane(self)
  const page = await caller.look((options) => caller.client.lanes.history({ lane, limit: 20 }, options))
  for (const [index, { rev }] of (page?.events ?? []).entries()) {
    const newer = page?.events[index - 1]?.rev ?? rev + 1
    if (rev !== newer - 1) stage.alarms.raise('gap', `${lane} has rev ${rev} below ${newer} in its history`)
  }
}
