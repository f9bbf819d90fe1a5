import { describe, expect, it } from 'vitest'
import { createFakeClock, startTestBus } from '../../../test/support/bus.ts'

const lanes = ['c', 'a', 'b']

describe('lanes.claimAll', () => {
  it('claims all of them, and answers by name', async () => {
    const { client } = await startTestBus()
    const answer = await client.lanes.claimAll({ lanes, owner: 'ann', lease_s: 60 })
    expect(answer).toMatchObject({ ok: true, lease_s: 60 })
    expect(answer.lanes.map(({ decision, lane }) => [lane.name, decision, lane.fence])).toEqual([
      ['a', 'claim', 1],
      ['b', 'claim', 1],
      ['c', 'claim', 1],
    ])
  })

  it('fails with lanes_held, claims none and lists every conflict when some are held by others', async () => {
    const { client } = await startTestBus()
    await client.lanes.claim({ lane: 'b', owner: 'bob', lease_s: 60 })
    await client.lanes.claim({ lane: 'c', owner: 'cid', lease_s: 120 })
    const claim = client.lanes.claimAll({ lanes, owner: 'ann' })
    await expect(claim).rejects.toMatchObject({
      statusCode: 409,
      body: {
        code: 'lanes_held',
        lanes: [
          { name: 'b', owner: 'bob' },
          { name: 'c', owner: 'cid' },
        ],
      },
    })
    expect((await client.lanes.list({ owner: 'ann' })).lanes).toEqual([])
  })

  it('renews what is its own, steals what lapsed, and counts a name that comes twice once', async () => {
    const clock = createFakeClock()
    const { client } = await startTestBus({ createClock: () => clock.now })
    await client.lanes.claim({ lane: 'b', owner: 'bob', lease_s: 10 })
    clock.advance(10_000)
    await client.lanes.claim({ lane: 'a', owner: 'ann' })
    const answer = await client.lanes.claimAll({ lanes: ['b', 'a', 'b'], owner: 'ann' })
    expect(answer.lanes).toMatchObject([
      { decision: 'renew', lane: { name: 'a', fence: 1 } },
      { decision: 'steal', lane: { name: 'b', fence: 2 }, stolen_from: 'bob' },
    ])
  })

  it('gives each set to one only when 20 ask for overlapping sets at once, whatever their order', async () => {
    const { client } = await startTestBus()
    const sets = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? ['a', 'b', 'c'] : ['c', 'b', 'a']))
    const claims = await Promise.allSettled(
      sets.map((set, index) => client.lanes.claimAll({ lanes: set, owner: `agent-${index}` })),
    )
    expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const { lanes: held } = await client.lanes.list({ state: 'held' })
    expect(new Set(held.map(({ owner }) => owner)).size).toBe(1)
  })

  it('fails with lease_lost when it is asked again under its key and one of the tenures is over', async () => {
    const { client } = await startTestBus()
    const key = { idempotencyKey: 'key-1' }
    const set = { lanes, owner: 'ann' }
    const first = await client.lanes.claimAll(set, key)
    expect((await client.lanes.claimAll(set, key)).lanes).toHaveLength(first.lanes.length)
    await client.lanes.release({ lane: 'b', owner: 'ann' })
    await expect(client.lanes.claimAll(set, key)).rejects.toMatchObject({ body: { code: 'lease_lost' } })
  })

  it.each([
    ['no lane', []],
    ['more than 32', Array.from({ length: 33 }, (_, index) => `lane-${index}`)],
    ['a bad name', ['a', '.b']],
  ])('refuses %s', async (_, names) => {
    const { client } = await startTestBus()
    await expect(client.lanes.claimAll({ lanes: names, owner: 'ann' })).rejects.toMatchObject({ statusCode: 422 })
    expect((await client.lanes.list({})).lanes).toEqual([])
  })
})

describe('lanes.verify', () => {
  it('says yes to the fence of a live tenure only', async () => {
    const clock = createFakeClock()
    const { client } = await startTestBus({ createClock: () => clock.now })
    const verdict = async (fence: number) => (await client.lanes.verify({ lane: 'a', fence })).valid
    expect(await verdict(0)).toBe(false)
    await client.lanes.claim({ lane: 'a', owner: 'ann', lease_s: 10 })
    expect([await verdict(0), await verdict(1), await verdict(2)]).toEqual([false, true, false])
    clock.advance(10_000)
    expect(await verdict(1)).toBe(false)
    await client.lanes.claim({ lane: 'a', owner: 'bob' })
    expect([await verdict(1), await verdict(2)]).toEqual([false, true])
  })

  it('tells how the lane stands', async () => {
    const { client } = await startTestBus()
    await client.lanes.claim({ lane: 'a', owner: 'ann' })
    expect(await client.lanes.verify({ lane: 'a', fence: 7 })).toMatchObject({ lane: { owner: 'ann', fence: 1 } })
  })
})
