import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { describe, expect, it } from 'vitest'
import { type Database, type Outage, sql, type Transaction } from '../../src/core/database.ts'
import { AppError } from '../../src/core/errors.ts'
import { defineLookup } from '../../src/core/lookup.ts'
import { createFakeClock } from '../support/bus.ts'
import { appendItem, countItems, insertItem, selectItemIds } from '../support/items.ts'
import { openSession, openTestPostgres, startTestPostgres } from '../support/postgres-database.ts'

const postgres = startTestPostgres()

/** Resolves when a session waits for a lock. */
async function untilSomebodyWaits(client: pg.Client): Promise<void> {
  const waits = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
  while ((await client.query(waits)).rowCount === 0) await sleep(5)
  // So that the moments before and after it are not the same.
  await sleep(5)
}

/** Asks again while the store cannot be asked, as every caller may. */
async function insist<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'store_unavailable') || tries === 200) throw error
      await sleep(20)
    }
  }
}

describe('several nodes on one PostgreSQL database', () => {
  /** So many stores on one new database. */
  async function openNodes(count: number): Promise<Database[]> {
    const url = await postgres().createDatabase()
    return Promise.all(Array.from({ length: count }, () => openTestPostgres({ url })))
  }
  const pick = (nodes: readonly Database[], index: number): Database => {
    const node = nodes[index % nodes.length]
    if (!node) throw new Error('there is no node')
    return node
  }

  it('never see the clock run backwards, whichever is asked', async () => {
    const nodes = await openNodes(2)
    const moments: number[] = []
    for (let round = 0; round < 60; round += 1) {
      moments.push(await pick(nodes, round).write((transaction) => transaction.now()))
      moments.push(await pick(nodes, round + 1).read((reader) => reader.now()))
    }
    expect(moments).toEqual([...moments].sort((a, b) => a - b))
  })

  it('go on from the last moment that another one wrote when the server’s clock was set back', async () => {
    const url = await postgres().createDatabase()
    const [node, other] = [await openTestPostgres({ url }), await openTestPostgres({ url })]
    const later = Date.now() + 86_400_000
    // As if that had been the time until now.
    await (await openSession(url)).query('update bus_store set last_moment = $1', [later])
    expect(await node.read((reader) => reader.now())).toBe(later)
    expect(await other.write((transaction) => transaction.now())).toBeGreaterThanOrEqual(later)
    expect(await node.write((transaction) => transaction.now())).toBeGreaterThanOrEqual(later)
  })

  it('never come between each other’s statements: 300 writes on three take 300 numbers in a row', async () => {
    const nodes = await openNodes(3)
    const numbers = await Promise.all(Array.from({ length: 300 }, (_, index) => pick(nodes, index).write(appendItem)))
    expect([...numbers].sort((a, b) => a - b)).toEqual(numbers.map((_, index) => index + 1))
    expect(await pick(nodes, 1).read(selectItemIds)).toEqual(numbers.map((_, index) => index + 1))
  })

  it('remember what they know from turn to turn until another one writes, something is taken back or a connection is lost', async () => {
    const [node, other] = await openNodes(2)
    if (!node || !other) throw new Error('two were opened')
    const recall = () => node.write(async (transaction) => transaction.memory)
    const known = await recall()
    await node.write((transaction) => insertItem(transaction, 1))
    expect(await recall()).toBe(known)
    await other.probe()
    const after = await recall()
    expect(after).not.toBe(known)
    expect(await recall()).toBe(after)
    const failing = node.write(async (transaction) => {
      await insertItem(transaction, 2)
      throw new Error(`changed my mind about ${transaction.memory}`)
    })
    await expect(failing).rejects.toThrow('changed my mind')
    const undone = await recall()
    expect(undone).not.toBe(after)
    await postgres().terminateBackends()
    const anew = await insist(recall)
    expect(anew).not.toBe(undone)
    expect(await recall()).toBe(anew)
  })

  it('forget also what another one wrote while they waited for their turn', async () => {
    const url = await postgres().createDatabase()
    const node = await openTestPostgres({ url })
    const recall = () => node.write(async (transaction) => transaction.memory)
    const known = await recall()
    const other = await openSession(url)
    await other.query('begin')
    await other.query('select epoch from bus_store for update')
    const recalled = recall()
    await untilSomebodyWaits(await openSession(url))
    await other.query('update bus_store set last_moment = last_moment')
    await other.query('commit')
    expect(await recalled).not.toBe(known)
  })

  it('look up again what they foresaw in an earlier turn', async () => {
    const [node, other] = await openNodes(2)
    if (!node || !other) throw new Error('two were opened')
    const lookup = defineLookup<{ id: number }>('items', 'text', ['id'])
    const find = (transaction: Transaction) => transaction.find(lookup, 'new')
    expect(await node.write(find, { lookup, value: 'new' })).toBeUndefined()
    await other.write((transaction) => insertItem(transaction, 1, 'new'))
    expect(await node.write(find)).toEqual({ id: 1 })
  })

  it('see at once what another one has acknowledged', async () => {
    const nodes = await openNodes(2)
    for (let id = 0; id < 40; id += 1) {
      await pick(nodes, id).write((transaction) => insertItem(transaction, id))
      expect(await pick(nodes, id + 1).read(countItems)).toBe(id + 1)
    }
  })

  it('wake who listens on another one, and tell only of what is committed', async () => {
    const [node, other] = await openNodes(2)
    if (!node || !other) throw new Error('two were opened')
    const woken: string[] = []
    const isWoken = new Promise<void>((resolve) => {
      for (const channel of ['kept', 'taken back']) {
        other.listen(channel, () => {
          woken.push(channel)
          if (channel === 'kept') resolve()
        })
      }
    })
    const failing = node.write(async (transaction) => {
      transaction.notify('taken back')
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    woken.length = 0
    const long = Array.from({ length: 600 }, (_, index) => `a channel with a long name, number ${index}`)
    await node.write(async (transaction) => {
      for (const channel of [...long, 'kept']) transaction.notify(channel)
    })
    await isWoken
    expect(woken).toEqual(['kept'])
  })
})

describe('a PostgreSQL database whose turn is taken', () => {
  it('refuses a write with store_unavailable and when to ask again, and keeps the next one', async () => {
    const url = await postgres().createDatabase()
    const database = await openTestPostgres({ url })
    const other = await openSession(url)
    await other.query('begin')
    await other.query('select epoch from bus_store for update')
    const write = database.write((transaction) => insertItem(transaction, 1))
    await expect(write).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('another bus held its turn for too long'),
      details: { retry_after_ms: 1000 },
    })
    expect(await database.read(countItems)).toBe(0)
    await other.query('rollback')
    await database.write((transaction) => insertItem(transaction, 2))
    expect(await database.read(selectItemIds)).toEqual([2])
  })

  it('reads the clock after it has the turn, also when whoever had it before kept nothing', async () => {
    const url = await postgres().createDatabase()
    const [node, reading] = [await openTestPostgres({ url }), await openTestPostgres({ url })]
    const other = await openSession(url)
    await other.query('begin')
    await other.query('select epoch from bus_store for update')
    const write = node.write((transaction) => transaction.now())
    await untilSomebodyWaits(await openSession(url))
    const seen = await reading.read((reader) => reader.now())
    await other.query('rollback')
    expect(await write).toBeGreaterThanOrEqual(seen)
  })

  it('takes the turn from a bus that was stopped in the middle of it', async () => {
    const url = await postgres().createDatabase()
    const [stopped, going] = [await openTestPostgres({ url }), await openTestPostgres({ url })]
    let resume = () => {}
    const isUnderWay = new Promise<void>((begun) => {
      const body = stopped.write(async (transaction) => {
        await insertItem(transaction, 1)
        begun()
        await new Promise<void>((resolve) => {
          resume = resolve
        })
        await insertItem(transaction, 2)
      })
      body.catch(() => {})
    })
    await isUnderWay
    await insist(() => going.write((transaction) => insertItem(transaction, 3)))
    resume()
    await insist(() => stopped.write((transaction) => insertItem(transaction, 4)))
    expect(await going.read(selectItemIds)).toEqual([3, 4])
  })
})

describe('a PostgreSQL database whose connections were ended', () => {
  it('takes writes and reads again without being started again', async () => {
    const database = await openTestPostgres({ url: await postgres().createDatabase() })
    await database.write((transaction) => insertItem(transaction, 1))
    expect(await database.read(countItems)).toBe(1)
    for (let round = 2; round < 6; round += 1) {
      await postgres().terminateBackends()
      await insist(() => database.write((transaction) => insertItem(transaction, round)))
      expect(await insist(() => database.read(countItems))).toBe(round)
    }
  })

  it('refuses a read that was under way with store_unavailable, and goes on', async () => {
    const database = await openTestPostgres({ url: await postgres().createDatabase() })
    const read = database.read(async (reader) => {
      await countItems(reader)
      // Between two statements nobody waits for an answer, and so nobody is told but by an event.
      await postgres().terminateBackends()
      return countItems(reader)
    })
    await expect(read).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(await insist(() => database.read(countItems))).toBe(0)
  })

  it('wakes everybody who waits, and hears of what others write again', async () => {
    const url = await postgres().createDatabase()
    const [node, other] = [await openTestPostgres({ url }), await openTestPostgres({ url })]
    let count = 0
    let wake = () => {}
    node.listen('lane', () => {
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
    await postgres().terminateBackends()
    await untilWoken(0)
    const seen = count
    await insist(() => other.write(async (transaction) => transaction.notify('lane')))
    await untilWoken(seen)
  })

  it('refuses the writes of that turn alone with store_unavailable, whatever their bodies failed with', async () => {
    const database = await openTestPostgres({ url: await postgres().createDatabase() })
    const ownError = new AppError('conflict', 'lane_held', 'somebody holds it')
    const writes = [
      database.write((transaction) => insertItem(transaction, 1)),
      database.write(async () => {
        await postgres().terminateBackends()
        throw ownError
      }),
      database.write((transaction) => insertItem(transaction, 3)),
    ]
    const outcomes = await Promise.allSettled(writes)
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable' } })
    }
    await insist(() => database.write((transaction) => insertItem(transaction, 4)))
    expect(await database.read(selectItemIds)).toEqual([4])
  })
})

describe('an outage of all nodes on a PostgreSQL database', () => {
  const LIMIT_MS = 15_000

  /** Two nodes on one database and one clock, and the outages that they are told of. */
  async function openPair() {
    const url = await postgres().createDatabase()
    const clock = createFakeClock()
    const outages: Outage[] = []
    const open = () =>
      openTestPostgres({
        url,
        outageMs: LIMIT_MS,
        createClock: () => clock.now,
        onOutage: async (transaction, outage) => {
          outages.push(outage)
          await appendItem(transaction, 'outage')
        },
      })
    return { clock, outages, nodes: [await open(), await open()] as const }
  }

  it('is told of once and before the first body, with the last sign of life of any node and its end', async () => {
    const { clock, outages, nodes } = await openPair()
    const [node, other] = nodes
    const from = clock.now()
    await other.write((transaction) => transaction.run(sql`delete from items`))
    clock.advance(LIMIT_MS + 1)
    const ids = await Promise.all([node.write(appendItem), other.write(appendItem)])
    expect([...ids].sort()).toEqual([2, 3])
    expect(outages).toEqual([{ from, to: from + LIMIT_MS + 1 }])
  })

  it('is none while another node gives signs of life', async () => {
    const { clock, outages, nodes } = await openPair()
    const [node, other] = nodes
    for (let sign = 0; sign < 4; sign += 1) {
      clock.advance(LIMIT_MS - 1)
      await other.probe()
    }
    await node.write((transaction) => transaction.now())
    expect(outages).toEqual([])
  })

  it('is told of again when the first write after it was not kept', async () => {
    const url = await postgres().createDatabase()
    const clock = createFakeClock()
    let tries = 0
    const database = await openTestPostgres({
      url,
      outageMs: LIMIT_MS,
      createClock: () => clock.now,
      onOutage: async (transaction) => {
        tries += 1
        if (tries === 1) throw new Error('not yet')
        await appendItem(transaction, 'outage')
      },
    })
    clock.advance(LIMIT_MS + 1)
    await expect(database.write(appendItem)).rejects.toThrow('not yet')
    expect(await database.write(appendItem)).toBe(2)
    expect(tries).toBe(2)
  })
})
