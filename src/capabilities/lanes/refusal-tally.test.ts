import { describe, expect, it } from 'vitest'
import { openTestDatabase } from '../../../test/support/database.ts'
import { commonError } from '../../core/errors.ts'
import { createTally, type Refusal, tallied, tallyOf } from './refusal-tally.ts'

const refusal: Refusal = { lane: 'feeds', owner: 'bob', code: 'lane_held', fence: 7, heldBy: 'ann' }

function startTally(maxEntries?: number) {
  let now = 1_000
  const tally = createTally(maxEntries, () => now)
  return {
    ...tally,
    advance: (ms: number) => {
      now += ms
    },
  }
}

describe('a tally of refusals', () => {
  it('counts the same refusal in one entry, and tells when it came first and last', () => {
    const tally = startTally()
    tally.add(refusal)
    tally.advance(5)
    tally.add(refusal)
    tally.advance(7)
    tally.add(refusal)
    expect(tally.take()).toEqual([{ ...refusal, count: 3, firstAt: 1_000, lastAt: 1_012 }])
    expect(tally.sinceMs(1_005)).toBe(7)
  })

  it.each([
    ['lane', { lane: 'Feeds' }],
    ['owner', { owner: 'cid' }],
    ['code', { code: 'lane_queued' }],
    ['fence', { fence: 8 }],
  ])('tells those of another %s apart', (_, other) => {
    const tally = startTally()
    for (const one of [refusal, { ...refusal, ...other }, refusal]) tally.add(one)
    expect(tally.take()).toMatchObject([
      { ...refusal, count: 2 },
      { ...refusal, ...other, count: 1 },
    ])
  })

  it('remembers who held the lane, also when nobody does any more', () => {
    const tally = startTally()
    for (const heldBy of [undefined, 'ann', undefined]) tally.add({ ...refusal, heldBy })
    expect(tally.take()).toMatchObject([{ heldBy: 'ann', count: 3 }])
  })

  it('begins anew when it was taken', () => {
    const tally = startTally()
    tally.add(refusal)
    tally.take()
    expect(tally.take()).toEqual([])
    tally.add(refusal)
    expect(tally.take()).toMatchObject([{ count: 1 }])
  })

  it('takes back what could not be kept, and counts on', () => {
    const tally = startTally()
    tally.add(refusal)
    tally.advance(5)
    const taken = tally.take()
    tally.add(refusal)
    tally.putBack(taken)
    expect(tally.take()).toEqual([{ ...refusal, count: 2, firstAt: 1_000, lastAt: 1_005 }])
  })

  it('grows to its bound and no further, and counts on what it has', () => {
    const tally = startTally(2)
    for (const owner of ['bob', 'cid', 'dan', 'bob']) tally.add({ ...refusal, owner })
    expect(tally.take().map(({ owner, count }) => [owner, count])).toEqual([
      ['bob', 2],
      ['cid', 1],
    ])
  })

  it('holds 1,000 different ones unless told otherwise', () => {
    const tally = createTally()
    for (let fence = 1; fence <= 1_001; fence += 1) tally.add({ ...refusal, fence })
    expect(tally.take()).toHaveLength(1_000)
  })

  it('is one for each store', async () => {
    const [one, other] = [await openTestDatabase({ path: ':memory:' }), await openTestDatabase({ path: ':memory:' })]
    tallyOf(one).add(refusal)
    expect(tallyOf(other).take()).toEqual([])
    expect(tallyOf(one).take()).toHaveLength(1)
  })
})

describe('a handler whose refusals are counted', () => {
  it('answers and fails as before, and counts nothing but what names a lane', async () => {
    const database = await openTestDatabase({ path: ':memory:' })
    const call = { input: { owner: 'bob' }, context: { database } }
    expect(await tallied(async () => 'done')(call)).toBe('done')
    for (const error of [new Error('a bug'), commonError('store_unavailable'), commonError('request_cancelled')]) {
      await expect(tallied(() => Promise.reject(error))(call)).rejects.toBe(error)
    }
    expect(tallyOf(database).take()).toEqual([])
  })
})
