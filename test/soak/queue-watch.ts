import { setTimeout as sleep } from 'node:timers/promises'
import { BusApiError, BusUnreachable } from '../../src/client/index.ts'
import { createCaller, type Stage } from './caller.ts'

const WAITERS = 4
const PAUSE_MS = 400
const LEASE_S = 15

/** What the rounds came to. */
export interface QueueRounds {
  served: number
  /** Broken off by a disturbance: nothing follows from them. */
  broken: number
}

/**
 * Has a few agents join the queue of a lane one after another, each when the one before is seen to stand in it, and sees
 * who gets the lane in which order; again and again.
 */
export async function watchQueue(stage: Stage, name: string, rounds: QueueRounds): Promise<void> {
  // Nobody's connection is cut here: who comes back comes back behind.
  const calm = { ...stage, cutShare: 0 }
  for (let round = 1; !stage.leaving.aborted; round += 1) {
    const startedAt = performance.now()
    try {
      await runRound(calm, `queue-${name}`, `${name}-${round}`)
      rounds.served += 1
    } catch (error) {
      const isDisturbed = stage.disturbances.touch(startedAt, performance.now(), ['disk full', 'killed'])
      if (!(error instanceof BusApiError || error instanceof BusUnreachable)) throw error
      if (!isDisturbed) stage.alarms.raise('order', `${name} was broken off: ${error.message}`)
      rounds.broken += 1
      // What is left of it lapses.
      await sleep(LEASE_S * 1_000, undefined, { signal: stage.leaving }).catch(() => {})
    }
    await sleep(PAUSE_MS, undefined, { signal: stage.leaving }).catch(() => {})
  }
}

async function runRound(stage: Stage, lane: string, label: string): Promise<void> {
  const startedAt = performance.now()
  const { client } = createCaller(stage)
  const before = stage.lanes.known(lane)
  const first = await client.lanes.claim({ lane, owner: `${label}-first`, lease_s: LEASE_S, wait_s: 5 })
  stage.lanes.granted(`${label}-first`, before, first)
  const grants: { readonly who: number; readonly fence: number }[] = []
  const wait = async (who: number) => {
    const owner = `${label}-${who}`
    const known = stage.lanes.known(lane)
    const granted = await client.lanes.claim({ lane, owner, session: owner, lease_s: LEASE_S, wait_s: 20 })
    stage.lanes.granted(owner, known, granted)
    grants.push({ who, fence: granted.lane.fence })
    stage.lanes.givesBack(lane, granted.lane.fence)
    await client.lanes.release({ lane, owner, session: owner, fence: granted.lane.fence })
  }
  const waits: Promise<void>[] = []
  try {
    for (let who = 1; who <= WAITERS; who += 1) {
      waits.push(wait(who))
      // Whoever fails meanwhile is told at the end of the round.
      waits.at(-1)?.catch(() => {})
      await untilWaiting(stage, lane, who)
    }
  } finally {
    stage.lanes.givesBack(lane, first.lane.fence)
    await client.lanes.release({ lane, owner: `${label}-first`, fence: first.lane.fence }).catch(() => {})
    await Promise.allSettled(waits)
  }
  await Promise.all(waits)
  const order = grants.toSorted((one, other) => one.fence - other.fence).map(({ who }) => who)
  const isInOrder = order.every((who, index) => who === index + 1)
  // While nothing can be written a waiter cannot show that it is still there.
  const isExcused = stage.disturbances.touch(startedAt, performance.now(), ['disk full', 'killed'])
  if (!isInOrder && !isExcused) stage.alarms.raise('order', `${lane}: served in the order ${order.join(', ')}`)
}

const JOIN_LIMIT_MS = 15_000

async function untilWaiting(stage: Stage, lane: string, count: number): Promise<void> {
  const { client } = createCaller(stage)
  const startedAt = performance.now()
  while ((await client.lanes.get({ lane })).lane.waiters < count) {
    if (performance.now() - startedAt > JOIN_LIMIT_MS)
      throw new BusUnreachable(stage.origin, `waiter ${count} never joined`)
    await sleep(20)
  }
}
