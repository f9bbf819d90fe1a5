import { describe, expect, it } from 'vitest'
import type { OnOutage, Outage } from '../../src/core/database.ts'
import { createFakeClock } from '../support/bus.ts'
import { countItems, insertItem, selectItemIds } from '../support/items.ts'
import { createFakeStopwatch } from '../support/stopwatch.ts'
import type { OpenStore, StoreKind } from './suite.ts'

const LIMIT_MS = 15_000
const HOUR = 3_600_000

/** What an engine promises of the times in which it could not be asked. */
export function describeOutages(name: string, kind: StoreKind): void {
  describe(`an outage of ${name}`, () => describeWhileOpen(kind))
  if (kind.isLasting) describe(`an outage of ${name} from one process to the next`, () => describeBetween(kind))
}

/** Notes the outages that it is told of. */
function createWitness() {
  const outages: Outage[] = []
  const onOutage: OnOutage = async (_, outage) => {
    outages.push(outage)
  }
  return { outages, onOutage }
}

/** A store whose clock and whose outages the test makes. */
async function openStill(openStore: OpenStore, onOutage: OnOutage, clock = createFakeClock()) {
  const stopwatch = createFakeStopwatch()
  const database = await openStore({ onOutage, stopwatch, createClock: () => clock.now })
  const pass = (ms: number) => {
    clock.advance(ms)
    stopwatch.freeze(ms)
  }
  return { database, clock, stopwatch, pass }
}

function describeWhileOpen({ createPlace }: StoreKind): void {
  it('is told of before the first body after it, with the last sign of life and its end', async () => {
    const steps: string[] = []
    const { outages, onOutage } = createWitness()
    const { database, clock, pass } = await openStill(createPlace(), async (transaction, outage) => {
      await onOutage(transaction, outage)
      await insertItem(transaction, 0)
      steps.push('outage')
    })
    const from = clock.now()
    pass(LIMIT_MS + 1)
    const writes = [1, 2].map((id) =>
      database.write(async (transaction) => {
        await insertItem(transaction, id)
        steps.push(`body ${id}`)
        return selectItemIds(transaction)
      }),
    )
    expect(await Promise.all(writes)).toEqual([
      [0, 1],
      [0, 1, 2],
    ])
    expect(steps).toEqual(['outage', 'body 1', 'body 2'])
    expect(outages).toEqual([{ from, to: from + LIMIT_MS + 1 }])
  })

  it('is told of once', async () => {
    const { outages, onOutage } = createWitness()
    const { database, pass } = await openStill(createPlace(), onOutage)
    pass(LIMIT_MS + 1)
    await database.probe()
    await database.probe()
    expect(outages).toHaveLength(1)
  })

  it('is none as long as signs of life come often enough, and whatever the store’s clock shows', async () => {
    const { outages, onOutage } = createWitness()
    const { database, clock, pass } = await openStill(createPlace(), onOutage)
    for (let round = 0; round < 3; round += 1) {
      pass(LIMIT_MS)
      await database.probe()
    }
    clock.advance(HOUR)
    await database.probe()
    expect(outages).toEqual([])
  })

  it('is the machine’s sleep, too, and then the store’s clock leaps with it and not before', async () => {
    const { outages, onOutage } = createWitness()
    const stopwatch = createFakeStopwatch()
    const database = await createPlace()({ onOutage, stopwatch })
    const from = await database.write((transaction) => transaction.now())
    stopwatch.sleep(HOUR)
    expect(await database.write((transaction) => transaction.now())).toBe(from + HOUR)
    expect(outages).toEqual([{ from, to: from + HOUR }])
  })

  it('is over for whoever reads', async () => {
    const { database, pass } = await openStill(createPlace(), (transaction) => insertItem(transaction, 0))
    pass(LIMIT_MS + 1)
    expect(await database.read(countItems)).toBe(1)
  })

  it('is noticed without any call', async () => {
    const stopwatch = createFakeStopwatch()
    const told = new Promise<Outage>((resolve) => {
      const onOutage: OnOutage = async (_, outage) => resolve(outage)
      void createPlace()({ onOutage, stopwatch, outageMs: 30 }).then(() => stopwatch.sleep(HOUR))
    })
    const { from, to } = await told
    expect(to - from).toBe(HOUR)
  })

  it('lets nothing be written while what it calls for fails, and is told of again from the same moment', async () => {
    const { outages, onOutage } = createWitness()
    const error = new Error('not now')
    const { database, clock, pass } = await openStill(createPlace(), async (transaction, outage) => {
      await onOutage(transaction, outage)
      if (outages.length === 1) throw error
    })
    const from = clock.now()
    pass(LIMIT_MS + 1)
    await expect(database.write((transaction) => insertItem(transaction, 1))).rejects.toBe(error)
    pass(1)
    await database.write((transaction) => insertItem(transaction, 2))
    expect(outages.map((outage) => outage.from)).toEqual([from, from])
    expect(await database.read(selectItemIds)).toEqual([2])
  })

  it('wakes whoever it concerns', async () => {
    const { database, pass } = await openStill(createPlace(), async (transaction) => transaction.notify('concerned'))
    const woken = new Promise<void>((resolve) => database.listen('concerned', resolve))
    pass(LIMIT_MS + 1)
    await database.probe()
    await expect(woken).resolves.toBeUndefined()
  })
}

function describeBetween({ createPlace }: StoreKind): void {
  it('is none before the first start', async () => {
    const { outages, onOutage } = createWitness()
    await openStill(createPlace(), onOutage)
    expect(outages).toEqual([])
  })

  it('lasts from the end of the one to the start of the other', async () => {
    const openStore = createPlace()
    const { outages, onOutage } = createWitness()
    const first = await openStill(openStore, onOutage)
    first.clock.advance(HOUR)
    await first.database.close()
    const from = first.clock.now()
    await openStill(openStore, onOutage, createFakeClock(from + 5))
    expect(outages).toEqual([{ from, to: from + 5 }])
  })

  it('is told of even when the clock was set back so that it seems to have taken no time', async () => {
    const openStore = createPlace()
    const { outages, onOutage } = createWitness()
    const first = await openStill(openStore, onOutage)
    await first.database.close()
    const from = first.clock.now()
    await openStore({ onOutage, createClock: (notBefore) => () => notBefore })
    expect(outages).toEqual([{ from, to: from }])
  })

  it('keeps the store shut while what it calls for fails', async () => {
    const openStore = createPlace()
    const { outages, onOutage } = createWitness()
    const first = await openStill(openStore, onOutage)
    await first.database.close()
    const failing = openStore({ onOutage: () => Promise.reject(new Error('not now')) })
    await expect(failing).rejects.toThrow('not now')
    await openStill(openStore, onOutage, first.clock)
    expect(outages).toEqual([{ from: first.clock.now(), to: first.clock.now() }])
  })
}
