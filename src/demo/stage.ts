import { BusApiError, type BusClient, type Input, type Output } from '../client/index.ts'
import type { Random } from '../core/random.ts'
import type { Agenda, Scene } from './agenda.ts'
import { type Agent, cast, type Role } from './cast.ts'

/** What all scenes share. */
export interface Stage extends Pick<Agenda, 'start' | 'doLater'> {
  readonly client: BusClient
  readonly random: Random
  /** The bus's clock. */
  readonly now: () => number
  /** Is told what went wrong with the script. */
  readonly onFault: (error: unknown) => void
  readonly holds: Set<Hold>
  /** Lanes whose holder went down, and that nobody has seen to yet; with that holder. */
  readonly abandoned: Map<string, Agent>
  /** Who says nothing at the moment, and answers nobody. */
  readonly away: Set<Agent>
  /** Who waits for which lane, in order. */
  readonly queues: Map<string, Waiting[]>
  /** The waits that are under way on the bus. */
  readonly asking: Set<Promise<void>>
  /** When somebody may look for the first time, in epoch milliseconds. */
  readonly openingAt: number
  /** False while the past is played: then nobody can really wait. */
  isLive: boolean
  lastPullRequest: number
  lastVersion: number
}

/** A lane that somebody on stage holds. */
export interface Hold {
  readonly agent: Agent
  readonly lane: string
  readonly fence: number
  readonly leaseSeconds: number
  /** It was stolen from somebody, or free. */
  readonly isStolen: boolean
  /** Released, lost, or left by one who went down. */
  isOver: boolean
}

/** Somebody in the queue of a lane. */
export interface Waiting {
  readonly agent: Agent
  readonly lane: string
  readonly note: string
  readonly leaseSeconds: number
  /** Ends the wait. */
  readonly leave: AbortController
  /** What became of a real wait; undefined while it lasts, and in the past. */
  outcome?: 'refused' | Output<'lanes.claim'>
}

export const SECOND = 1000
export const MINUTE: number = 60 * SECOND

/** Long ago everything went slower: nobody reads all of that, and it would cost the start of the demo most. */
function isLongAgo({ now, openingAt }: Stage): boolean {
  return now() < openingAt - 30 * MINUTE
}

/** A pause of so many seconds, to the millisecond. */
export function pause(stage: Stage, lowSeconds: number, highSeconds: number): number {
  const pauseMs = stage.random.between(lowSeconds * SECOND, highSeconds * SECOND)
  return isLongAgo(stage) ? 2 * pauseMs : pauseMs
}

/** Somebody of this role who would answer now. */
export function findPresent({ random, away }: Stage, role: Role, except?: Agent): Agent | undefined {
  const present = cast.filter((agent) => agent.role === role && agent !== except && !away.has(agent))
  return present.length === 0 ? undefined : random.pick(present)
}

export function findHolder({ holds }: Stage, lane: string): Agent | undefined {
  return [...holds].find((hold) => hold.lane === lane)?.agent
}

/**
 * What the bus answers; undefined when it refuses, which it may at any time: whoever looks at the demo may take part in
 * it. Anything else that goes wrong is a fault of the script.
 */
export async function unlessRefused<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof BusApiError && [404, 409, 503].includes(error.statusCode)) return undefined
    throw error
  }
}

export interface Saying {
  readonly topic: string
  readonly body: string
  readonly to?: string | undefined
  /** The id of the message that began the thread. */
  readonly thread?: number | undefined
  readonly isFlagged?: boolean
  /** Said under its fence: not at all when the lane is lost. */
  readonly hold?: Hold
}

/** Returns the id of the message; undefined when it was not taken. */
export async function say({ client }: Stage, sender: string, saying: Saying): Promise<number | undefined> {
  const { topic, body, to, thread, isFlagged = false, hold } = saying
  const message: Input<'messages.post'> = { topic, sender, body, action_flag: isFlagged }
  if (to !== undefined) message.recipient = to
  if (thread !== undefined) message.thread_id = thread
  if (hold) Object.assign(message, { lane: hold.lane, fence: hold.fence })
  return (await unlessRefused(client.messages.post(message)))?.id
}

export function pickLease(stage: Stage): number {
  return stage.random.pick(isLongAgo(stage) ? [900, 1200] : [120, 150, 180, 240])
}

/** Returns undefined when somebody else has the lane. */
export async function claim(
  stage: Stage,
  agent: Agent,
  lane: string,
  note: string,
  leaseSeconds: number = pickLease(stage),
): Promise<Hold | undefined> {
  const answer = await unlessRefused(stage.client.lanes.claim({ lane, owner: agent.name, note, lease_s: leaseSeconds }))
  return answer && beginHold(stage, agent, answer)
}

/** All of the lanes or none. */
export async function claimAll(
  stage: Stage,
  agent: Agent,
  lanes: readonly string[],
  note: string,
): Promise<Hold[] | undefined> {
  const answer = await unlessRefused(
    stage.client.lanes.claimAll({ lanes: [...lanes], owner: agent.name, note, lease_s: pickLease(stage) }),
  )
  return answer?.lanes.map((grant) => beginHold(stage, agent, { ...grant, lease_s: answer.lease_s }))
}

interface Grant {
  readonly decision: string
  readonly lane: { readonly name: string; readonly fence: number }
  readonly lease_s: number
}

/** Puts a lane that was granted on the list, and keeps it alive until it is over. */
export function beginHold(stage: Stage, agent: Agent, { decision, lane, lease_s }: Grant): Hold {
  const known = [...stage.holds].find((hold) => hold.lane === lane.name && hold.fence === lane.fence)
  if (known) return known
  const hold: Hold = {
    agent,
    lane: lane.name,
    fence: lane.fence,
    leaseSeconds: lease_s,
    isStolen: decision === 'steal',
    isOver: false,
  }
  stage.holds.add(hold)
  stage.abandoned.delete(lane.name)
  stage.start(keepAlive(stage, hold), pauseToRenewal(stage, hold))
  return hold
}

/** A third of the lease, as every keeper of a lane does it. */
function pauseToRenewal({ random }: Stage, { leaseSeconds }: Hold): number {
  return Math.round((leaseSeconds * SECOND * random.between(80, 100)) / 300)
}

async function* keepAlive(stage: Stage, hold: Hold): Scene {
  const { agent, lane, fence, leaseSeconds } = hold
  while (!hold.isOver) {
    const answer = await unlessRefused(
      stage.client.lanes.heartbeat({ lane, owner: agent.name, fence, lease_s: leaseSeconds }),
    )
    if (!answer) return endHold(stage, hold)
    yield pauseToRenewal(stage, hold)
  }
}

export function endHold(stage: Stage, hold: Hold): void {
  hold.isOver = true
  stage.holds.delete(hold)
}

/** Renews the lease, and says what the owner is doing now. */
export async function renew({ client }: Stage, { agent, lane, leaseSeconds }: Hold, note: string): Promise<void> {
  await unlessRefused(client.lanes.claim({ lane, owner: agent.name, note, lease_s: leaseSeconds }))
}

/** @param note What came of it. */
export async function release(stage: Stage, hold: Hold, note?: string): Promise<void> {
  if (hold.isOver) return
  endHold(stage, hold)
  const { agent, lane, fence } = hold
  await unlessRefused(stage.client.lanes.release({ lane, owner: agent.name, fence, note }))
}

/** One goes down: what it held is kept alive by nobody, and released by nobody. */
export function leaveEverything(stage: Stage, agent: Agent): Hold[] {
  const left = [...stage.holds].filter((hold) => hold.agent === agent)
  for (const hold of left) {
    endHold(stage, hold)
    stage.abandoned.set(hold.lane, agent)
  }
  return left
}
