import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { type CutAtCommit, startCuttingProxy } from '../support/cutting-proxy.ts'
import { listFaults } from '../support/faults.ts'
import { startTestPostgres } from '../support/postgres-database.ts'
import { refusalOf } from '../support/refusal.ts'
import { limitMs, listRounds } from '../support/scale.ts'
import { createRandom, takeSeed } from './random.ts'
import { describeSettled, findUnsettled, startSettledLoad } from './settled-load.ts'

const postgres = startTestPostgres()

const RESTARTS = 5
const TERMINATIONS = 15
const WRITERS = 12
const STEPS_BETWEEN = 40
/** The share of the commits that are cut off, half of them when they are done. */
const CUT_SHARE = 0.04

const hello = { topic: 'converge', sender: 'ann', body: 'hello' }
const key = { idempotencyKey: 'key-1' }

/** Two nodes on one database, and their load. */
async function startLoadOnTwoNodes(urls: readonly [string, string]) {
  const [one, two] = [await startTestBus({ databasePlace: urls[0] }), await startTestBus({ databasePlace: urls[1] })]
  return { nodes: [one, two] as const, load: startSettledLoad([one.client, two.client], WRITERS) }
}

describe('two nodes whose PostgreSQL server is restarted under load', () => {
  it.each(listRounds({ short: 1, long: 40 }))(
    `make each change once and lose none over ${RESTARTS} immediate restarts: round %i`,
    { timeout: limitMs(110_000) },
    async () => {
      const url = await postgres().createDatabase()
      const startedAt = performance.now()
      const { nodes, load } = await startLoadOnTwoNodes([url, url])
      for (let restart = 0; restart < RESTARTS; restart += 1) {
        await load.progress(STEPS_BETWEEN)
        await postgres().restartAtOnce()
      }
      await load.progress(STEPS_BETWEEN)
      await load.stop()
      const faults = await findUnsettled(nodes[0].client, load.settled)
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
      console.log(`${RESTARTS} restarts of PostgreSQL: ${describeSettled(load.settled, faults)}, ${seconds} s`)
      expect(faults).toEqual([])
      expect(load.settled.refused + load.settled.unknown).toBeGreaterThan(0)
      for (const { logged } of nodes) expect(listFaults(logged)).toEqual([])
    },
  )
})

describe('two nodes whose connections to PostgreSQL are ended under load', () => {
  it.each(listRounds({ short: 1, long: 40 }))(
    `make each change once and lose none, ${TERMINATIONS} times over: round %i`,
    { timeout: limitMs(110_000) },
    async () => {
      const url = await postgres().createDatabase()
      const startedAt = performance.now()
      const { nodes, load } = await startLoadOnTwoNodes([url, url])
      for (let termination = 0; termination < TERMINATIONS; termination += 1) {
        await load.progress(STEPS_BETWEEN)
        await postgres().terminateBackends()
      }
      await load.stop()
      const faults = await findUnsettled(nodes[1].client, load.settled)
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
      console.log(`${TERMINATIONS} times all backends ended: ${describeSettled(load.settled, faults)}, ${seconds} s`)
      expect(faults).toEqual([])
      expect(load.settled.refused + load.settled.unknown).toBeGreaterThan(0)
      for (const { logged } of nodes) expect(listFaults(logged)).toEqual([])
    },
  )
})

describe('a commit whose answer is cut off', () => {
  it('is refused with outcome_unknown, and asking again under its key tells what became of it', async () => {
    const url = await postgres().createDatabase()
    for (const [index, cut] of (['after', 'before'] as const).entries()) {
      let next: CutAtCommit = 'none'
      const choose = () => {
        const chosen = next
        next = 'none'
        return chosen
      }
      const { client } = await startTestBus({ databasePlace: await startCuttingProxy(url, choose) })
      const other = await startTestBus({ databasePlace: url })
      const named = { idempotencyKey: `${key.idempotencyKey}-${cut}` }
      next = cut
      const refused = await refusalOf(client.messages.post({ ...hello, body: cut }, named))
      expect(refused).toMatchObject({ status: 503, code: 'store_unavailable', body: { outcome_unknown: true } })
      const { id } = await other.client.messages.post({ ...hello, body: cut }, named)
      expect(await client.messages.post({ ...hello, body: cut }, named)).toMatchObject({ id })
      const { messages } = await client.messages.read({ since_id: 0 })
      expect(messages).toHaveLength(index + 1)
    }
  })

  it('again and again under load on two nodes, leaves each change made once', {
    timeout: limitMs(110_000),
  }, async () => {
    const seed = takeSeed()
    const random = createRandom(seed)
    const url = await postgres().createDatabase()
    let cuts = 0
    // A bus whose first commit is cut off does not start.
    let isCutting = false
    const choose = (): CutAtCommit => {
      if (!isCutting || !random.chance(CUT_SHARE)) return 'none'
      cuts += 1
      return random.pick(['before', 'after'] as const)
    }
    const startedAt = performance.now()
    const urls = [await startCuttingProxy(url, choose), await startCuttingProxy(url, choose)] as const
    const { nodes, load } = await startLoadOnTwoNodes(urls)
    isCutting = true
    await load.progress(800)
    isCutting = false
    await load.stop()
    const faults = await findUnsettled(nodes[0].client, load.settled)
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    console.log(`${cuts} commits cut off: ${describeSettled(load.settled, faults)}, ${seconds} s, seed ${seed}`)
    expect(faults).toEqual([])
    expect(load.settled.unknown).toBeGreaterThan(0)
    for (const { logged } of nodes) expect(listFaults(logged)).toEqual([])
  })
})
