import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Database, type OnOutage, single, sql, textsOf } from '../../src/core/database.ts'
import type { Clock, Stopwatch } from '../../src/store/clock.ts'
import { countItems, insertItem, selectItemIds } from '../support/items.ts'
import { describeOutages } from './suite-outage.ts'
import { describeRows } from './suite-rows.ts'

/**
 * Opens one database, made empty by the first call; every later call opens the same one again. With the table of items.
 * Closed after the test at the latest.
 */
export type OpenStore = (options?: {
  readonly createClock?: (notBefore: number) => Clock
  readonly onOutage?: OnOutage
  readonly outageMs?: number
  readonly stopwatch?: Stopwatch
}) => Promise<Database>

export interface StoreKind {
  /** Makes a new empty place for one database. */
  readonly createPlace: () => OpenStore
  /** False when the database ends with its last connection. */
  readonly isLasting: boolean
  /** True when several processes may have it open; an outage is one of all of them then. */
  readonly isShared: boolean
}

/** What every engine behind the port promises, in the same sentences. */
export function describeStore(name: string, kind: StoreKind): void {
  describe(`a write in ${name}`, () => describeWrites(kind))
  describe(`writes at once in ${name}`, () => describeConcurrency(kind))
  describeRows(name, kind)
  describe(`a read in ${name}`, () => describeReads(kind))
  describe(`the clock of ${name}`, () => describeClock(kind))
  describe(`the life of ${name}`, () => describeLife(kind))
  if (!kind.isShared) describeOutages(name, kind)
  if (kind.isLasting) describe(`opening ${name} again`, () => describeReopening(kind))
}

const open = ({ createPlace }: StoreKind) => createPlace()()

function describeWrites(kind: StoreKind): void {
  it('returns what its body returned, and is seen by the next read', async () => {
    const database = await open(kind)
    const answer = await database.write(async (transaction) => {
      await insertItem(transaction, 1, 'it’s 1 – “größer” 🚦')
      return { inserted: 1 }
    })
    expect(answer).toEqual({ inserted: 1 })
    const row = await database.read((reader) => single<{ text: string }>(reader, sql`select text from items`))
    expect(row.text).toBe('it’s 1 – “größer” 🚦')
  })

  it('sees its own changes', async () => {
    const database = await open(kind)
    const seen = await database.write(async (transaction) => {
      await insertItem(transaction, 1)
      return countItems(transaction)
    })
    expect(seen).toBe(1)
  })

  it('leaves nothing when its body fails after some of its statements, and rejects with the body’s own error', async () => {
    const database = await open(kind)
    const error = new Error('changed my mind')
    const write = database.write(async (transaction) => {
      await insertItem(transaction, 1)
      await insertItem(transaction, 2)
      throw error
    })
    await expect(write).rejects.toBe(error)
    expect(await database.read(countItems)).toBe(0)
  })

  it('leaves nothing when a statement fails', async () => {
    const database = await open(kind)
    const write = database.write(async (transaction) => {
      await insertItem(transaction, 1)
      await insertItem(transaction, 1)
    })
    await expect(write).rejects.toThrow(/unique|duplicate/i)
    expect(await database.read(countItems)).toBe(0)
  })

  it('leaves nothing when a statement fails, also when the body catches that', async () => {
    const database = await open(kind)
    const write = database.write(async (transaction) => {
      await insertItem(transaction, 1)
      await insertItem(transaction, 1).catch(() => {})
    })
    await expect(write).rejects.toThrow(/unique|duplicate/i)
    expect(await database.read(countItems)).toBe(0)
  })
}

function describeConcurrency(kind: StoreKind): void {
  it('never come between each other’s statements: 64 that read and then write count exactly', async () => {
    const database = await open(kind)
    await database.write((transaction) => insertItem(transaction, 0, '0'))
    const increment = () =>
      database.write(async (transaction) => {
        const { text } = await single<{ text: string }>(transaction, sql`select text from items where id = 0`)
        await Promise.resolve()
        await transaction.run(sql`update items set text = ${String(Number(text) + 1)} where id = 0`)
        return Number(text)
      })
    const seen = await Promise.all(Array.from({ length: 64 }, increment))
    expect([...seen].sort((a, b) => a - b)).toEqual(seen.map((_, index) => index))
    const row = await database.read((reader) => single<{ text: string }>(reader, sql`select text from items`))
    expect(row.text).toBe('64')
  })

  it('come between each other’s statements not even when a body takes its time', async () => {
    const database = await open(kind)
    const steps: string[] = []
    const takeTurns = (name: string) =>
      database.write(async () => {
        steps.push(`${name} begins`)
        await nextTurn()
        steps.push(`${name} ends`)
      })
    await Promise.all(['a', 'b', 'c'].map(takeTurns))
    expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  })

  it('stand alone: those that fail take only their own statements back', async () => {
    const database = await open(kind)
    const outcomes = await Promise.allSettled(
      Array.from({ length: 24 }, (_, id) =>
        database.write(async (transaction) => {
          await insertItem(transaction, id)
          if (id % 3 === 0) throw new Error(`no ${id}`)
          return id
        }),
      ),
    )
    const kept = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    expect(kept).toEqual([1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20, 22, 23])
    expect(await database.read(selectItemIds)).toEqual(kept)
  })

  it('all find their place when there are more than one commit takes', async () => {
    const database = await open(kind)
    const ids = Array.from({ length: 1_100 }, (_, id) => id)
    await Promise.all(ids.map((id) => database.write((transaction) => insertItem(transaction, id))))
    expect(await database.read(selectItemIds)).toEqual(ids)
  })

  it('accept more from whoever was just answered', async () => {
    const database = await open(kind)
    const writeTwice = async (id: number) => {
      await database.write((transaction) => insertItem(transaction, id))
      await database.write((transaction) => insertItem(transaction, id + 100))
    }
    await Promise.all(Array.from({ length: 20 }, (_, id) => writeTwice(id)))
    expect(await database.read(countItems)).toBe(40)
  })
}

function describeReads(kind: StoreKind): void {
  it('does not see what a write has not committed', async () => {
    const database = await open(kind)
    const seen: Promise<number>[] = []
    const look = () => seen.push(database.read(countItems))
    const failing = database.write(async (transaction) => {
      look()
      await insertItem(transaction, 1)
      look()
      await nextTurn()
      look()
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    expect(await Promise.all(seen)).toEqual([0, 0, 0])
  })

  it('sees all of a write or nothing of it', async () => {
    const database = await open(kind)
    const seen: Promise<number>[] = []
    await database.write(async (transaction) => {
      await insertItem(transaction, 1)
      seen.push(database.read(countItems))
      await nextTurn()
      await insertItem(transaction, 2)
      seen.push(database.read(countItems))
    })
    for (const count of await Promise.all(seen)) expect([0, 2]).toContain(count)
    expect(await database.read(countItems)).toBe(2)
  })

  it('keeps to one snapshot while writes go on', async () => {
    const database = await open(kind)
    let write: Promise<void> | undefined
    const counts = await database.read(async (reader) => {
      const before = await countItems(reader)
      write = database.write((transaction) => insertItem(transaction, 1))
      // Time enough for the write to be done, unless it waits for this read to end.
      for (let turn = 0; turn < 20; turn += 1) await nextTurn()
      return [before, await countItems(reader)]
    })
    await write
    expect(counts).toEqual([0, 0])
    expect(await database.read(countItems)).toBe(1)
  })

  it('rejects with its body’s own error, and leaves the next one unharmed', async () => {
    const database = await open(kind)
    const error = new Error('not found')
    await expect(database.read(() => Promise.reject(error))).rejects.toBe(error)
    expect(await database.read(countItems)).toBe(0)
  })

  it('takes any number of texts in one value, and gives them back as they are', async () => {
    const database = await open(kind)
    const texts = [
      'it’s',
      '"quoted"',
      'back\\slash',
      'what?',
      '$1',
      'é🚦',
      'a\tb',
      ...Array.from({ length: 900 }, String),
    ]
    const rows = await database.read((reader) =>
      reader.all<{ text: string }>(
        sql`with listed (text) as (${textsOf(texts, reader.engine)}) select text from listed`,
      ),
    )
    expect(rows.map(({ text }) => text).sort()).toEqual([...texts].sort())
    expect(textsOf([], 'sqlite').text).toBe(textsOf(texts, 'sqlite').text)
  })

  it('answers each of 40 at once', async () => {
    const database = await open(kind)
    await database.write((transaction) => insertItem(transaction, 7))
    const answers = await Promise.all(Array.from({ length: 40 }, () => database.read(selectItemIds)))
    expect(answers).toEqual(answers.map(() => [7]))
  })
}

function describeClock(kind: StoreKind): void {
  it('is near the machine’s', async () => {
    const before = Date.now()
    const database = await open(kind)
    const now = await database.read((reader) => reader.now())
    expect(Number.isSafeInteger(now)).toBe(true)
    // The machine's clock may be set by its own time service meanwhile.
    expect(Math.abs(now - before)).toBeLessThan(60_000)
  })

  it('tells a write and the read after it moments in their order', async () => {
    const database = await open(kind)
    const moments: number[] = []
    for (let round = 0; round < 20; round += 1) {
      moments.push(await database.write((transaction) => transaction.now()))
      moments.push(await database.read((reader) => reader.now()))
    }
    expect(moments).toEqual([...moments].sort((a, b) => a - b))
  })
}

function describeLife(kind: StoreKind): void {
  it('has an epoch of its own', async () => {
    const one = await open(kind)
    const other = await open(kind)
    expect(one.epoch).toMatch(/^[0-9a-f-]{36}$/)
    expect(other.epoch).not.toBe(one.epoch)
  })

  it('proves that it can write when it is probed', async () => {
    const database = await open(kind)
    await expect(database.probe()).resolves.toBeUndefined()
  })

  it('ends after the writes and reads that were accepted', async () => {
    const database = await open(kind)
    await database.write((transaction) => insertItem(transaction, 1_000))
    const writes = Array.from({ length: 20 }, (_, id) =>
      database.write(async (transaction) => {
        await insertItem(transaction, id)
        return id
      }),
    )
    const reads = Array.from({ length: 20 }, () =>
      database.read(async (reader) => {
        await nextTurn()
        return (await countItems(reader)) > 0
      }),
    )
    await database.close()
    expect(await Promise.all(writes)).toEqual(writes.map((_, id) => id))
    expect(await Promise.all(reads)).toEqual(reads.map(() => true))
  })

  it('accepts nothing after its end', async () => {
    const database = await open(kind)
    await database.close()
    await expect(database.write((transaction) => insertItem(transaction, 1))).rejects.toThrow()
    await expect(database.read(countItems)).rejects.toThrow()
  })
}

function describeReopening(kind: StoreKind): void {
  it('finds everything that was acknowledged, and the same epoch', async () => {
    const openStore = kind.createPlace()
    const first = await openStore()
    const ids = Array.from({ length: 20 }, (_, id) => id)
    const writes = ids.map((id) => first.write((transaction) => insertItem(transaction, id)))
    await first.close()
    await Promise.all(writes)

    const second = await openStore()
    expect(second.epoch).toBe(first.epoch)
    expect(await second.read(selectItemIds)).toEqual(ids)
  })

  it('goes on from the last moment written when the machine’s clock was set back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const openStore = kind.createPlace()
    const first = await openStore()
    const written = await first.write((transaction) => transaction.now())
    await first.close()

    vi.setSystemTime(Date.now() - 86_400_000)
    const second = await openStore()
    expect(await second.read((reader) => reader.now())).toBeGreaterThanOrEqual(written)
    expect(await second.write((transaction) => transaction.now())).toBeGreaterThanOrEqual(written)
  })

  it('makes the clock with the last moment that was written', async () => {
    const openStore = kind.createPlace()
    const first = await openStore({ createClock: () => () => 4_000_000_000_123 })
    await first.write((transaction) => insertItem(transaction, 1))
    await first.close()

    let given = 0
    const createClock = (notBefore: number) => {
      given = notBefore
      return () => notBefore
    }
    await openStore({ createClock })
    expect(given).toBe(4_000_000_000_123)
  })
}
