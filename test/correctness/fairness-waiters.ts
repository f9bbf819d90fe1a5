import { setTimeout as sleep } from 'node:timers/promises'
import { BusApiError, type BusClient } from '../../src/client/index.ts'
import type { Random } from './random.ts'
import type { QueueEvent } from './waits.ts'

export const LANE = 'feeds'
/** Short, so that a lane that was granted to one who had just died is soon to be had again. */
const LEASE_S = 0.25
const WAIT_S = 55
/** The share of the waiters that die somewhere in the queue, and of the releases at which the next one dies. */
const DEATH_SHARE = 0.25
const DEATH_AT_RELEASE_SHARE = 0.1
const PASSER_BY_SHARE = 0.3

interface Grant {
  readonly who: string
  readonly fence: number
  readonly at: number
}

interface Waiter {
  readonly who: string
  readonly connection: AbortController
  /** Dies when so many were granted the lane; never when undefined. */
  readonly diesAfter: number | undefined
  isDead: boolean
}

export interface Service {
  /** The joins of those who lived, in the order in which they came, and the grants in the order of their fences. */
  readonly events: readonly QueueEvent[]
  readonly survivors: readonly string[]
  readonly served: readonly string[]
  readonly deaths: number
  /** From the answer to a release to the answer to the next grant, in milliseconds; apart where one had died in between. */
  readonly wakes: readonly number[]
  readonly wakesPastDead: readonly number[]
}

/** Lets many wait for one lane; each holds it for a moment. Some die, and passers-by try to get in between. */
export async function serveWaiters(client: BusClient, count: number, random: Random): Promise<Service> {
  const { lane: first } = await client.lanes.claim({ lane: LANE, owner: 'first', lease_s: WAIT_S })
  const grants: Grant[] = []
  const releases = new Map<number, number>()
  const waiters: Waiter[] = []
  const passersBy: Promise<void>[] = []

  const die = (waiter: Waiter) => {
    if (grants.some(({ who }) => who === waiter.who)) return
    waiter.isDead = true
    waiter.connection.abort()
  }
  const release = async (owner: string, fence: number) => {
    const next = waiters.find(({ who, isDead }) => !isDead && !grants.some((grant) => grant.who === who))
    const releasing = client.lanes.release({ lane: LANE, owner, fence })
    // Just behind the release, before anybody can have woken.
    if (random.chance(PASSER_BY_SHARE)) passersBy.push(passBy())
    if (next && random.chance(DEATH_AT_RELEASE_SHARE)) die(next)
    await releasing
    releases.set(fence, performance.now())
  }
  const hold = async (owner: string, fence: number) => {
    grants.push({ who: owner, fence, at: performance.now() })
    for (const waiter of waiters) if (waiter.diesAfter === grants.length) die(waiter)
    await sleep(random.below(4))
    await release(owner, fence)
  }
  const passBy = async () => {
    const owner = `passer-by-${passersBy.length}`
    const fence = await claimAtOnce(client, owner)
    if (fence !== undefined) await hold(owner, fence)
  }
  const wait = async ({ who, connection }: Waiter) => {
    const { signal } = connection
    const call = client.lanes.claim({ lane: LANE, owner: who, lease_s: LEASE_S, wait_s: WAIT_S }, { signal })
    const granted = await call.catch((error: unknown) => {
      if (!signal.aborted) throw error
      return undefined
    })
    if (granted) await hold(who, granted.lane.fence)
  }

  const waits: Promise<void>[] = []
  for (let index = 1; index <= count; index += 1) {
    const diesAfter = random.chance(DEATH_SHARE) ? random.between(1, index) : undefined
    const waiter = { who: `waiter-${index}`, connection: new AbortController(), diesAfter, isDead: false }
    waiters.push(waiter)
    waits.push(wait(waiter))
    while ((await client.lanes.get({ lane: LANE })).lane.waiters < index) await sleep(1)
  }
  await release('first', first.fence)
  await Promise.all(waits)
  // Their own releases may bring more of them.
  for (const passing of passersBy) await passing
  return report(waiters, grants, releases)
}

/** The fence; undefined when it was refused. */
export async function claimAtOnce(client: BusClient, owner: string): Promise<number | undefined> {
  try {
    return (await client.lanes.claim({ lane: LANE, owner, lease_s: LEASE_S })).lane.fence
  } catch (error) {
    if (error instanceof BusApiError && error.statusCode === 409) return undefined
    throw error
  }
}

function report(waiters: readonly Waiter[], grants: readonly Grant[], releases: ReadonlyMap<number, number>): Service {
  const survivors = waiters.flatMap(({ who, isDead }) => (isDead ? [] : who))
  const inOrder = grants.toSorted((a, b) => a.fence - b.fence)
  const placeOf = (who: string | undefined) => waiters.findIndex((waiter) => waiter.who === who)
  const wakes: number[] = []
  const wakesPastDead: number[] = []
  inOrder.forEach(({ who, fence, at }, index) => {
    const previous = inOrder[index - 1]
    const releasedAt = releases.get(previous?.fence ?? 1)
    if (releasedAt === undefined) return
    const isNext = placeOf(who) === placeOf(previous?.who) + 1 && fence === (previous?.fence ?? 1) + 1
    const between = isNext ? wakes : wakesPastDead
    between.push(Math.max(0, at - releasedAt))
  })
  return {
    events: [
      ...survivors.map((who) => ({ kind: 'join' as const, who })),
      ...inOrder.map(({ who }) => ({ kind: 'grant' as const, who })),
    ],
    survivors,
    served: inOrder.flatMap(({ who }) => (placeOf(who) === -1 ? [] : who)),
    deaths: waiters.length - survivors.length,
    wakes,
    wakesPastDead,
  }
}
