import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { BusApiError, type BusClient, createBusClient } from '../../src/client/index.ts'
import { startTestBus } from '../support/bus.ts'
import { listFaults } from '../support/faults.ts'
import { insertItem, selectItemIds } from '../support/items.ts'
import { openTestPostgres, startTestPostgres } from '../support/postgres-database.ts'
import { STOPPED, startBusProcess } from '../support/process.ts'
import { refusalOf } from '../support/refusal.ts'
import { limitMs, listRounds, scale } from '../support/scale.ts'
import { type SwallowFrom, startSwallowingProxy } from '../support/swallowing-proxy.ts'
import { describeSettled, findUnsettled, type Settled, startSettledLoad } from './settled-load.ts'

const postgres = startTestPostgres()

/** How long the client waits for an answer: whoever is told something later has gone. */
const CLIENT_TIMEOUT_MS = 10_000
/** A turn that its bus cannot end is taken from it after 4 s; the rest is for a busy machine. */
const OTHERS_LIMIT_MS = 7_000
const STEPS_BETWEEN = 40

/** When it begins, how long it lasts, and how it ends: the first time it outlasts all that a bus waits for, then an answer. */
const ALL_FAULTS: readonly (readonly [SwallowFrom, number, 'goOn' | 'cutOff'])[] = [
  ['before a commit', 8_500, 'goOn'],
  ['after a commit', 6_000, 'cutOff'],
  ['now', 6_000, 'goOn'],
  ['now', 6_000, 'cutOff'],
]
const FAULTS = ALL_FAULTS.slice(0, scale({ short: 2, long: 4 }))

const toSeconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

/** Posts through the node as soon as it takes a message. */
async function untilServing({ messages }: BusClient, body: string, settled: Settled): Promise<void> {
  while (true) {
    try {
      const { id } = await messages.post({ topic: 'back', sender: 'ann', body }, { idempotencyKey: body })
      settled.messages.set(body, id)
      return
    } catch (error) {
      if (!(error instanceof BusApiError && error.body.code === 'store_unavailable')) throw error
      await sleep(20)
    }
  }
}

describe('one of two nodes whose network takes packets and delivers none', () => {
  it.each(listRounds({ short: 1, long: 30 }))(
    `refuses in time, and serves again when it is back; the other goes on; each change is made once, ${FAULTS.length} times over: round %i`,
    { timeout: limitMs(110_000) },
    async () => {
      const url = await postgres().createDatabase()
      const proxy = await startSwallowingProxy(url)
      const here = await startTestBus({ databasePlace: url })
      const there = await startTestBus({ databasePlace: proxy.url })
      const load = startSettledLoad([here.client, there.client], 8)
      const { settled } = load
      const untouched = startSettledLoad([here.client], 4, { names: 'untouched', settled })
      let [othersMs, backMs, readMs] = [0, 0, 0]
      for (const [from, lastsMs, end] of FAULTS) {
        await load.progress(STEPS_BETWEEN)
        await proxy.swallow(from)
        const swallowedAt = performance.now()
        const read = refusalOf(there.client.lanes.list({})).finally(() => {
          readMs = Math.max(readMs, performance.now() - swallowedAt)
        })
        await untouched.progress(STEPS_BETWEEN)
        othersMs = Math.max(othersMs, performance.now() - swallowedAt)
        expect(await read).toMatchObject({ status: 503, code: 'store_unavailable' })
        await sleep(lastsMs - (performance.now() - swallowedAt))
        proxy[end]()
        const backAt = performance.now()
        await untilServing(there.client, `back-after-${swallowedAt}`, settled)
        backMs = Math.max(backMs, performance.now() - backAt)
      }
      await Promise.all([load.stop(), untouched.stop()])
      const faults = await findUnsettled(there.client, settled)
      console.log(
        `${FAULTS.length} times a network that swallows: ${describeSettled(settled, faults)}; at the most a change ` +
          `took ${toSeconds(load.longestMs())} and a read ${toSeconds(readMs)} there, ${STEPS_BETWEEN} changes elsewhere ` +
          `${toSeconds(othersMs)}, one of them ${toSeconds(untouched.longestMs())}, to serve again ${toSeconds(backMs)}`,
      )
      expect(faults).toEqual([])
      expect(Math.max(load.longestMs(), readMs)).toBeLessThan(CLIENT_TIMEOUT_MS)
      expect(Math.max(untouched.longestMs(), othersMs)).toBeLessThan(OTHERS_LIMIT_MS)
      expect(settled.refused).toBeGreaterThan(0)
      expect(settled.unknown).toBeGreaterThan(0)
      for (const { logged } of [here, there]) expect(listFaults(logged)).toEqual([])
    },
  )
})

describe('a turn that the network swallowed', () => {
  /** One node behind a network that swallows, and one that is not. */
  async function openPair() {
    const url = await postgres().createDatabase()
    const proxy = await startSwallowingProxy(url)
    return { proxy, there: await openTestPostgres({ url: proxy.url }), here: await openTestPostgres({ url }) }
  }

  it('at its commit is told to be of unknown outcome once that is decided: what is seen then stays, though the packets arrive', async () => {
    const { proxy, there, here } = await openPair()
    const isSwallowed = proxy.swallow('before a commit')
    const write = there.write((transaction) => insertItem(transaction, 1))
    await expect(write).rejects.toMatchObject({ code: 'store_unavailable', details: { outcome_unknown: true } })
    await isSwallowed
    expect(await here.read(selectItemIds)).toEqual([])
    proxy.goOn()
    await there.write((transaction) => insertItem(transaction, 2))
    await here.write((transaction) => insertItem(transaction, 3))
    expect(await here.read(selectItemIds)).toEqual([2, 3])
  })

  it('before its commit changed nothing, and says so in time to all who share it', async () => {
    const { proxy, there, here } = await openPair()
    const startedAt = performance.now()
    const writes = [
      there.write((transaction) => insertItem(transaction, 1)),
      there.write(async (transaction) => {
        await insertItem(transaction, 2)
        await proxy.swallow('now')
        await insertItem(transaction, 3)
      }),
      there.write((transaction) => insertItem(transaction, 4)),
    ]
    for (const outcome of await Promise.allSettled(writes)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable' } })
      expect(outcome).not.toHaveProperty('reason.details.outcome_unknown')
    }
    expect(performance.now() - startedAt).toBeLessThan(CLIENT_TIMEOUT_MS)
    proxy.goOn()
    await there.write((transaction) => insertItem(transaction, 5))
    expect(await here.read(selectItemIds)).toEqual([5])
  })
})

describe('a node whose connections have fallen silent, while new ones come about', () => {
  it('refuses what it reads on an old one, writes and reads on new ones, and hears again of what others write', async () => {
    const url = await postgres().createDatabase()
    const proxy = await startSwallowingProxy(url)
    const [there, here] = [await openTestPostgres({ url: proxy.url }), await openTestPostgres({ url })]
    let count = 0
    let wake = () => {}
    there.listen('lane', () => {
      count += 1
      wake()
    })
    const untilWoken = async (seen: number) => {
      while (count === seen) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
    await here.write(async (transaction) => transaction.notify('lane'))
    await untilWoken(0)
    await there.read(selectItemIds)
    proxy.forget()
    const forgottenAt = performance.now()
    await there.write((transaction) => insertItem(transaction, 1))
    const writtenMs = performance.now() - forgottenAt
    await expect(there.read(selectItemIds)).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(await there.read(selectItemIds)).toEqual([1])
    const unheard = count
    await untilWoken(unheard)
    const heardMs = performance.now() - forgottenAt
    const seen = count
    await here.write(async (transaction) => transaction.notify('lane'))
    await untilWoken(seen)
    console.log(`silent connections: a write after ${toSeconds(writtenMs)}, wake-ups again after ${toSeconds(heardMs)}`)
  })
})

describe('a bus whose network swallows packets', () => {
  it('ends when it is asked to', async () => {
    const proxy = await startSwallowingProxy(await postgres().createDatabase())
    const bus = await startBusProcess(['--port', '0', '--database-url', proxy.url])
    await createBusClient({ baseUrl: bus.apiUrl }).lanes.list({})
    await proxy.swallow('now')
    const askedAt = performance.now()
    expect(await bus.stop()).toBe(STOPPED)
    console.log(`stopped on a network that swallows in ${toSeconds(performance.now() - askedAt)}`)
  })

  it('ends while it looks for a connection that comes about only then', async () => {
    const url = await postgres().createDatabase()
    const proxy = await startSwallowingProxy(url)
    const database = await openTestPostgres({ url: proxy.url })
    proxy.cutOff()
    await proxy.swallow('now')
    // By then it tries to listen again.
    await sleep(900)
    const closed = database.close()
    proxy.goOn()
    await closed
  })
})
