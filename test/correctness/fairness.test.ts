import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import type { BusClient } from '../../src/client/index.ts'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { limitMs, listRounds } from '../support/scale.ts'
import { claimAtOnce, LANE, serveWaiters } from './fairness-waiters.ts'
import { createRandom, takeSeed } from './random.ts'
import { findInversions, type QueueEvent } from './waits.ts'

const WAITERS = 50

const startBus = () => startTestBus({ minLeaseMs: 1, databasePlace: join(createTempFolder(), 'bus.db') })

/** The last one to die may be on its way out of the queue. */
async function untilNobodyWaits(client: BusClient): Promise<void> {
  while ((await client.lanes.get({ lane: LANE })).lane.waiters > 0) await sleep(1)
}

/** The smallest value that this share of them does not exceed, for people. */
function tellQuantile(values: readonly number[], share: number): string {
  const sorted = values.toSorted((a, b) => a - b)
  return `${sorted[Math.ceil(sorted.length * share) - 1]?.toFixed(1) ?? '-'} ms`
}

const tellWakes = (values: readonly number[]) =>
  `${values.length} with p50 ${tellQuantile(values, 0.5)}, p99 ${tellQuantile(values, 0.99)}`

describe(`${WAITERS} who wait for one lane`, () => {
  const all: { readonly wakes: number[]; readonly wakesPastDead: number[] } = { wakes: [], wakesPastDead: [] }
  afterAll(() => {
    console.log(
      `fairness, all rounds: wake-ups: ${tellWakes(all.wakes)}; past the dead: ${tellWakes(all.wakesPastDead)}`,
    )
  })

  it.each(listRounds({ short: 3, long: 500 }))(
    'are served in the order in which they came, although some die: round %i',
    {
      timeout: limitMs(60_000),
    },
    async () => {
      const seed = takeSeed()
      const { client } = await startBus()
      const { events, survivors, served, deaths, wakes, wakesPastDead } = await serveWaiters(
        client,
        WAITERS,
        createRandom(seed),
      )
      all.wakes.push(...wakes)
      all.wakesPastDead.push(...wakesPastDead)
      const inversions = findInversions(events)
      console.log(
        `fairness: ${WAITERS} waiters, ${deaths} died, ${inversions.length} inversions, wake-ups: ${tellWakes(wakes)}; ` +
          `past the dead: ${tellWakes(wakesPastDead)}; seed ${seed}`,
      )
      expect(inversions).toEqual([])
      expect(served).toEqual(survivors)
      await untilNobodyWaits(client)
    },
  )

  it('are seen to be served out of order when they ask again and again instead', async () => {
    const random = createRandom(takeSeed())
    const { client } = await startBus()
    const joins: QueueEvent[] = []
    const grants: { readonly who: string; readonly fence: number }[] = []
    const first = { lane: LANE, owner: 'first' }
    await client.lanes.claim(first)
    const askAgain = async (who: string) => {
      let fence: number | undefined
      while (fence === undefined) {
        await sleep(random.between(1, 10))
        fence = await claimAtOnce(client, who)
      }
      grants.push({ who, fence })
      await client.lanes.release({ lane: LANE, owner: who, fence })
    }
    const asks: Promise<void>[] = []
    for (let index = 1; index <= WAITERS; index += 1) {
      const who = `asker-${index}`
      expect(await claimAtOnce(client, who)).toBeUndefined()
      joins.push({ kind: 'join', who })
      asks.push(askAgain(who))
    }
    await client.lanes.release(first)
    await Promise.all(asks)
    const inOrder = grants.toSorted((a, b) => a.fence - b.fence)
    const inversions = findInversions([...joins, ...inOrder.map(({ who }) => ({ kind: 'grant' as const, who }))])
    console.log(`fairness, control that asks again: ${inversions.length} of ${grants.length} grants out of order`)
    expect(inversions).not.toEqual([])
  })
})

describe('the checker of queues', () => {
  const enter = (who: string): QueueEvent => ({ kind: 'join', who })
  const leave = (who: string): QueueEvent => ({ kind: 'leave', who })
  const grant = (who: string): QueueEvent => ({ kind: 'grant', who })

  it.each<[string, QueueEvent[], string[]]>([
    ['grants in turn', [enter('ann'), enter('bob'), grant('ann'), grant('bob')], []],
    ['a waiter that left and was passed', [enter('ann'), enter('bob'), leave('ann'), grant('bob')], []],
    ['a place that was kept', [enter('ann'), enter('bob'), enter('ann'), grant('ann')], []],
    ['nobody to pass', [grant('cid'), enter('ann'), grant('ann')], []],
    [
      'a waiter that was passed by a later one',
      [enter('ann'), enter('bob'), grant('bob')],
      ['bob was granted the lane past ann'],
    ],
    ['one that did not wait', [enter('ann'), enter('bob'), grant('cid')], ['cid was granted the lane past ann,bob']],
  ])('judges %s', (_, events, inversions) => {
    expect(findInversions(events)).toEqual(inversions)
  })
})
