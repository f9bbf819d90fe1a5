import { BusApiError } from '../client/index.ts'
import type { Scene } from './agenda.ts'
import type { Agent } from './cast.ts'
import { beginHold, claim, findHolder, type Hold, pickLease, SECOND, type Stage, type Waiting } from './stage.ts'

/** How long one call waits; the bus allows 55 s. */
const CALL_SECONDS = 45

/** How often somebody in a queue looks whether it is their turn. */
const LOOK_EVERY_MS: number = 1.5 * SECOND

/** Queues for a lane; returns undefined when it was not to be had within `patienceMs`. */
export async function* waitFor(
  stage: Stage,
  agent: Agent,
  lane: string,
  note: string,
  patienceMs: number,
): Scene<Hold | undefined> {
  const leaseSeconds = pickLease(stage)
  const waiting: Waiting = { agent, lane, note, leaseSeconds, leave: new AbortController() }
  const queue = stage.queues.get(lane) ?? []
  stage.queues.set(lane, queue)
  queue.push(waiting)
  if (stage.isLive) waitOnBus(stage, waiting)
  const endsAt = stage.now() + patienceMs
  try {
    while (stage.now() < endsAt && waiting.outcome !== 'refused') {
      yield LOOK_EVERY_MS
      const hold = await takeTurn(stage, waiting, queue)
      if (hold) return hold
    }
    return undefined
  } finally {
    queue.splice(queue.indexOf(waiting), 1)
    waiting.leave.abort()
  }
}

async function takeTurn(stage: Stage, waiting: Waiting, queue: readonly Waiting[]): Promise<Hold | undefined> {
  const { agent, lane, note, leaseSeconds, outcome } = waiting
  if (outcome !== undefined) return outcome === 'refused' ? undefined : beginHold(stage, agent, outcome)
  if (stage.isLive || queue[0] !== waiting || findHolder(stage, lane)) return undefined
  return claim(stage, agent, lane, note, leaseSeconds)
}

/** Those who queue at the end of the past do so for all to see from then on. */
export function beginWaiting(stage: Stage): void {
  for (const queue of stage.queues.values()) for (const waiting of queue) waitOnBus(stage, waiting)
}

/** Ends every wait. Resolves when nobody asks any more. */
export async function endWaiting({ queues, asking }: Stage): Promise<void> {
  for (const queue of queues.values()) for (const { leave } of queue) leave.abort()
  await Promise.all(asking)
}

function waitOnBus(stage: Stage, waiting: Waiting): void {
  const wait = claimInTurn(stage, waiting).catch(() => {
    waiting.outcome = 'refused'
  })
  stage.asking.add(wait)
  void wait.finally(() => stage.asking.delete(wait))
}

/** Asks again and again, so that the place in the queue is kept. */
async function claimInTurn({ client }: Stage, waiting: Waiting): Promise<void> {
  const { agent, lane, note, leaseSeconds, leave } = waiting
  const { signal } = leave
  while (!signal.aborted) {
    try {
      const answer = await client.lanes.claim(
        { lane, owner: agent.name, note, lease_s: leaseSeconds, wait_s: CALL_SECONDS },
        { signal },
      )
      if (!signal.aborted) waiting.outcome = answer
      else await client.lanes.release({ lane, owner: agent.name, fence: answer.lane.fence })
      return
    } catch (error) {
      if (!isStillTaken(error)) throw error
    }
  }
}

function isStillTaken(error: unknown): boolean {
  return error instanceof BusApiError && (error.body.code === 'lane_held' || error.body.code === 'lane_queued')
}
