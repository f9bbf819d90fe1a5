import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../../test/support/refusal.ts'
import { afterNoon, NOON, startStillBus } from '../../../test/support/still-bus.ts'

async function startLanes() {
  const { lanes, clock } = await startStillBus()
  return { ...lanes, clock }
}

type Lanes = Awaited<ReturnType<typeof startLanes>>

/** One lane of each state at 12:01: `free`, `held` and `orphaned`, and who had them. */
async function claimOneOfEach({ claim, release, clock }: Lanes): Promise<void> {
  await claim({ lane: 'held', owner: 'ann', lease_s: 120 })
  await claim({ lane: 'orphaned', owner: 'ann', lease_s: 60 })
  await claim({ lane: 'free', owner: 'bob' })
  await release({ lane: 'free', owner: 'bob' })
  clock.advance(60_000)
}

describe('lanes.get', () => {
  it('shows the lane as it is now, and the bus’s clock', async () => {
    const lanes = await startLanes()
    const { lane } = await lanes.claim({ lane: 'feeds', owner: 'ann', lease_s: 60 })
    expect(await lanes.get({ lane: 'feeds' })).toEqual({ lane, server_time: NOON })
    lanes.clock.advance(59_000)
    expect((await lanes.get({ lane: 'feeds' })).lane).toEqual({ ...lane, expires_in_ms: 1_000 })
  })

  it('shows an expired lane as orphaned, with nothing left, from the moment at which its lease ends', async () => {
    const lanes = await startLanes()
    const { lane } = await lanes.claim({ lane: 'feeds', owner: 'ann', lease_s: 60 })
    lanes.clock.advance(60_000)
    const orphaned = { ...lane, state: 'orphaned', expires_in_ms: 0 }
    expect((await lanes.get({ lane: 'feeds' })).lane).toEqual(orphaned)
    lanes.clock.advance(3_600_000)
    expect(await lanes.get({ lane: 'feeds' })).toEqual({ lane: orphaned, server_time: afterNoon(3_660) })
  })

  it('fails with lane_not_found when the lane was never claimed', async () => {
    const lanes = await startLanes()
    await lanes.claim({ lane: 'Feeds', owner: 'ann' })
    expect(await refusalOf(lanes.get({ lane: 'feeds' }))).toMatchObject({
      status: 404,
      code: 'lane_not_found',
      text: "lane 'feeds' was never claimed -- claiming it makes it",
    })
  })
})

describe('lanes.list', () => {
  const namesOf = async (page: ReturnType<Lanes['list']>) => (await page).lanes.map(({ name }) => name)

  it('is empty when nothing was ever claimed', async () => {
    const { list } = await startLanes()
    expect(await list({})).toEqual({ lanes: [], next_after: null, server_time: NOON })
  })

  it('shows every lane, the released ones, too, by name in the order of the characters’ codes', async () => {
    const { claim, list } = await startLanes()
    const names = ['a', 'B', 'b', 'A', '_', '10', '9', 'a.b', 'a-b', 'aa']
    for (const lane of names) await claim({ lane, owner: 'ann' })
    expect(await namesOf(list({}))).toEqual([...names].sort())
  })

  it('shows only lanes in the state that is asked for', async () => {
    const lanes = await startLanes()
    await claimOneOfEach(lanes)
    expect(await namesOf(lanes.list({}))).toEqual(['free', 'held', 'orphaned'])
    for (const state of ['free', 'held', 'orphaned'] as const) {
      const page = await lanes.list({ state })
      expect(page.lanes).toMatchObject([{ name: state, state }])
    }
    lanes.clock.advance(60_000)
    expect(await namesOf(lanes.list({ state: 'held' }))).toEqual([])
    expect(await namesOf(lanes.list({ state: 'orphaned' }))).toEqual(['held', 'orphaned'])
  })

  it('shows only lanes that the owner holds or has orphaned', async () => {
    const lanes = await startLanes()
    await claimOneOfEach(lanes)
    expect(await namesOf(lanes.list({ owner: 'ann' }))).toEqual(['held', 'orphaned'])
    expect(await namesOf(lanes.list({ owner: 'ann', state: 'orphaned' }))).toEqual(['orphaned'])
    expect(await namesOf(lanes.list({ owner: 'bob' }))).toEqual([])
  })

  it('goes through all of them page by page, each once', async () => {
    const { claim, list } = await startLanes()
    const names = Array.from({ length: 7 }, (_, index) => `lane-${index}`)
    for (const lane of names) await claim({ lane, owner: 'ann' })
    const pages: string[][] = []
    let after: string | undefined
    do {
      const page = await list({ limit: 3, after })
      pages.push(page.lanes.map(({ name }) => name))
      after = page.next_after ?? undefined
    } while (after !== undefined)
    expect(pages).toEqual([names.slice(0, 3), names.slice(3, 6), names.slice(6)])
  })

  it('says that there is no next page when the last one is full', async () => {
    const { claim, list } = await startLanes()
    for (const lane of ['a', 'b']) await claim({ lane, owner: 'ann' })
    expect(await list({ limit: 2 })).toMatchObject({ lanes: [{ name: 'a' }, { name: 'b' }], next_after: null })
    expect(await list({ limit: 1 })).toMatchObject({ lanes: [{ name: 'a' }], next_after: 'a' })
  })

  it('shows 100 a page unless told otherwise', async () => {
    const { claim, list } = await startLanes()
    const names = Array.from({ length: 101 }, (_, index) => `lane-${index}`)
    await Promise.all(names.map((lane) => claim({ lane, owner: 'ann' })))
    const page = await list({})
    expect(page.lanes).toHaveLength(100)
    expect(page.next_after).toBe([...names].sort()[99])
    expect((await list({ limit: 500 })).lanes).toHaveLength(101)
  })
})

describe('lanes.history', () => {
  it('tells every change, newest first: what, who, from whom, which tenure, when, for how long and why', async () => {
    const { claim, heartbeat, release, history, clock } = await startLanes()
    await claim({ lane: 'feeds', owner: 'ann', lease_s: 60, note: 'reading' })
    clock.advance(1_000)
    await claim({ lane: 'feeds', owner: 'ann', lease_s: 60 })
    clock.advance(1_000)
    await heartbeat({ lane: 'feeds', owner: 'ann', lease_s: 30 })
    clock.advance(30_000)
    await claim({ lane: 'feeds', owner: 'bob', lease_s: 60 })
    clock.advance(1_000)
    await release({ lane: 'feeds', owner: 'bob' })

    const { lane, events } = await history({ lane: 'feeds' })
    expect(lane).toBe('feeds')
    const request_id = expect.stringMatching(/^[0-9a-f-]{36}$/)
    const of = { note: null, from: null, request_id }
    const ann = { ...of, owner: 'ann', fence: 1, note: 'reading' }
    const bob = { ...of, owner: 'bob', fence: 2 }
    expect(events).toEqual([
      { ...bob, rev: 5, event: 'release', at: afterNoon(33), lease_s: null },
      { ...bob, rev: 4, event: 'steal', at: afterNoon(32), lease_s: 60, from: 'ann' },
      { ...ann, rev: 3, event: 'heartbeat', at: afterNoon(2), lease_s: 30 },
      { ...ann, rev: 2, event: 'renew', at: afterNoon(1), lease_s: 60 },
      { ...ann, rev: 1, event: 'claim', at: NOON, lease_s: 60 },
    ])
    expect(new Set(events.map((event) => event.request_id)).size).toBe(5)
  })

  it('tells why a lane was released or cleared, in the words of who did it, where they said so', async () => {
    const { claim, release, history, get, clock } = await startLanes()
    await claim({ lane: 'feeds', owner: 'ann', lease_s: 60, note: 'moving the parser' })
    await release({ lane: 'feeds', owner: 'ann', note: 'parser moved' })
    await release({ lane: 'feeds', owner: 'ann', note: 'again' })
    await claim({ lane: 'feeds', owner: 'ann', lease_s: 60, note: 'testing' })
    expect((await get({ lane: 'feeds' })).lane.note).toBe('testing')
    clock.advance(60_000)
    await release({ lane: 'feeds', owner: 'bob', note: 'ann has gone home' })
    expect((await get({ lane: 'feeds' })).lane).toMatchObject({ state: 'free', note: null })
    await claim({ lane: 'feeds', owner: 'bob' })
    await release({ lane: 'feeds', owner: 'bob' })
    expect((await history({ lane: 'feeds' })).events).toMatchObject([
      { rev: 6, event: 'release', owner: 'bob', note: null },
      { rev: 5, event: 'claim', note: null },
      { rev: 4, event: 'clear', owner: 'bob', from: 'ann', note: 'ann has gone home' },
      { rev: 3, event: 'claim', note: 'testing' },
      { rev: 2, event: 'release', owner: 'ann', note: 'parser moved' },
      { rev: 1, event: 'claim', note: 'moving the parser' },
    ])
  })

  it('tells nothing of what was refused or changed nothing', async () => {
    const { claim, heartbeat, release, history } = await startLanes()
    await claim({ lane: 'feeds', owner: 'ann' })
    await refusalOf(claim({ lane: 'feeds', owner: 'bob' }))
    await refusalOf(heartbeat({ lane: 'feeds', owner: 'bob' }))
    await refusalOf(release({ lane: 'feeds', owner: 'bob' }))
    await release({ lane: 'feeds', owner: 'ann', fence: 0 })
    expect((await history({ lane: 'feeds' })).events).toMatchObject([{ event: 'claim' }])
  })

  it('tells of this lane alone', async () => {
    const { claim, history } = await startLanes()
    await claim({ lane: 'feeds', owner: 'ann' })
    await claim({ lane: 'feeds2', owner: 'bob' })
    expect((await history({ lane: 'feeds' })).events).toMatchObject([{ owner: 'ann' }])
  })

  it('goes back page by page, 50 events each unless told otherwise', async () => {
    const { claim, history } = await startLanes()
    for (let rev = 1; rev <= 52; rev += 1) await claim({ lane: 'feeds', owner: 'ann' })
    const revsOf = async (page: ReturnType<Lanes['history']>) => (await page).events.map(({ rev }) => rev)
    const newest = await revsOf(history({ lane: 'feeds' }))
    expect(newest).toEqual(Array.from({ length: 50 }, (_, index) => 52 - index))
    expect(await revsOf(history({ lane: 'feeds', before_rev: newest.at(-1) }))).toEqual([2, 1])
    expect(await revsOf(history({ lane: 'feeds', before_rev: 1 }))).toEqual([])
    expect(await revsOf(history({ lane: 'feeds', before_rev: 1_000, limit: 2 }))).toEqual([52, 51])
  })

  it('fails with lane_not_found when the lane was never claimed', async () => {
    const { history } = await startLanes()
    expect(await refusalOf(history({ lane: 'feeds' }))).toMatchObject({ status: 404, code: 'lane_not_found' })
  })
})
