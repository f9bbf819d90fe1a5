import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../../test/support/refusal.ts'
import { afterNoon, NOON, startStillBus } from '../../../test/support/still-bus.ts'
import type { BusOptions } from '../../app.ts'

async function startLanes(options: Partial<BusOptions> = {}) {
  const { lanes, clock } = await startStillBus(options)
  return { ...lanes, clock }
}

const feeds = (owner: string) => ({ lane: 'feeds', owner })

describe('lanes.heartbeat', () => {
  it('gives a whole new lease, counted from now, in the same tenure', async () => {
    const { claim, heartbeat, clock } = await startLanes()
    await claim({ ...feeds('session-A'), lease_s: 60 })
    clock.advance(59_999)
    const answer = await heartbeat({ ...feeds('session-A'), lease_s: 30 })
    expect(answer).toMatchObject({ ok: true, decision: 'heartbeat', lease_s: 30 })
    expect(answer.lane).toMatchObject({
      fence: 1,
      rev: 2,
      claimed_at: NOON,
      expires_at: afterNoon(89.999),
    })
  })

  it('clamps the lease as a claim does', async () => {
    const { claim, heartbeat } = await startLanes({ maxLeaseSeconds: 60 })
    await claim(feeds('session-A'))
    const long = await heartbeat({ ...feeds('session-A'), lease_s: 3_600 })
    expect(long).toMatchObject({ lease_s: 60, requested_lease_s: 3_600, clamped: true })
    expect(await heartbeat({ ...feeds('session-A'), lease_s: 0.5 })).toMatchObject({ lease_s: 1, clamped: true })
  })

  it('fails with lane_not_held for a lane that was never claimed, and does not make it', async () => {
    const { heartbeat, list } = await startLanes()
    expect(await refusalOf(heartbeat(feeds('session-A')))).toMatchObject({
      status: 409,
      code: 'lane_not_held',
      text: "lane 'feeds' not held live by 'session-A' -- claim it instead (never claimed)",
      body: { lane: { name: 'feeds', state: 'free', fence: 0, rev: 0, owner: null }, retry_after_ms: 0 },
    })
    expect((await list({})).lanes).toEqual([])
  })

  it('fails with lane_not_held and who holds the lane, or who released it', async () => {
    const { claim, heartbeat, release } = await startLanes()
    const text = "lane 'feeds' not held live by 'session-A' -- claim it instead"
    await claim({ ...feeds('other'), lease_s: 120 })
    expect(await refusalOf(heartbeat(feeds('session-A')))).toMatchObject({
      text: `${text} (held by 'other' (lease 120s remaining))`,
      body: { lane: { owner: 'other' }, retry_after_ms: 120_000 },
    })
    await release(feeds('other'))
    expect(await refusalOf(heartbeat(feeds('session-A')))).toMatchObject({
      code: 'lane_not_held',
      text: `${text} (free; 'other' held it last, until it was released)`,
    })
  })

  it('fails with lane_not_held from the moment at which the lease ends, and says when that was', async () => {
    const { claim, heartbeat, clock } = await startLanes()
    await claim({ ...feeds('session-A'), lease_s: 60 })
    clock.advance(60_000)
    expect(await refusalOf(heartbeat(feeds('session-A')))).toMatchObject({
      code: 'lane_not_held',
      text: "lane 'feeds' not held live by 'session-A' -- claim it instead (the lease of 'session-A' lapsed at 2030-01-01T12:01:00.000Z)",
      body: { lane: { state: 'orphaned' }, retry_after_ms: 0 },
    })
  })

  it('fails with lease_lost when the fence is of a tenure that is over, whoever has the lane now', async () => {
    const { claim, heartbeat, release, clock } = await startLanes()
    await claim({ ...feeds('session-A'), lease_s: 60 })
    clock.advance(60_000)
    // A twin under the same name: without the fence nobody could tell them apart.
    const { lane } = await claim({ ...feeds('session-A'), lease_s: 60 })
    const old = { ...feeds('session-A'), fence: 1 }
    expect(await refusalOf(heartbeat(old))).toMatchObject({
      status: 409,
      code: 'lease_lost',
      text: "lane 'feeds' tenure 1 is over -- held by 'session-A' (lease 60s remaining)",
      body: { lane },
    })
    expect(await heartbeat({ ...old, fence: 2 })).toMatchObject({ decision: 'heartbeat', lane: { fence: 2 } })

    await release(feeds('session-A'))
    expect(await refusalOf(heartbeat(old))).toMatchObject({
      code: 'lease_lost',
      text: "lane 'feeds' tenure 1 is over -- free; 'session-A' held it last, until it was released",
    })
  })

  it('renews for the session that holds the lane, and for no other', async () => {
    const { claim, heartbeat } = await startLanes()
    await claim({ ...feeds('session-A'), session: 'first' })
    for (const session of ['second', undefined]) {
      const { code } = await refusalOf(heartbeat({ ...feeds('session-A'), session, fence: 1 }))
      expect(code).toBe('lane_not_held')
    }
    expect(await heartbeat({ ...feeds('session-A'), session: 'first', fence: 1 })).toMatchObject({ ok: true })
  })

  it('renews for the session that the lane passed to, and no longer for the one before', async () => {
    const { claim, heartbeat, clock } = await startLanes()
    const sessions = ['first', 'second', undefined, 'third']
    for (const [index, session] of sessions.entries()) {
      await claim({ ...feeds('session-A'), session })
      for (const other of sessions) {
        const renewal = heartbeat({ ...feeds('session-A'), session: other })
        if (other === session) expect(await renewal).toMatchObject({ lane: { fence: index + 1 } })
        else expect((await refusalOf(renewal)).code).toBe('lane_not_held')
      }
      clock.advance(300_000)
    }
  })
})

describe('lanes.release', () => {
  it('frees a lane that it holds', async () => {
    const { claim, release } = await startLanes()
    await claim({ ...feeds('session-A'), note: 'reading' })
    expect(await release({ ...feeds('session-A'), fence: 1 })).toEqual({
      ok: true,
      decision: 'released',
      lane: {
        name: 'feeds',
        state: 'free',
        owner: null,
        note: null,
        fence: 1,
        rev: 2,
        claimed_at: null,
        renewed_at: null,
        expires_at: null,
        expires_in_ms: null,
        waiters: 0,
        lease_s: null,
        last_owner: 'session-A',
        last_fence: 1,
        last_end: 'released',
      },
    })
  })

  it('fails with lease_lost when the fence was never granted, as one that is typed wrongly', async () => {
    const { claim, release } = await startLanes()
    await claim(feeds('session-A'))
    expect(await refusalOf(release({ ...feeds('session-A'), fence: 2 }))).toMatchObject({
      status: 409,
      code: 'lease_lost',
      text: "lane 'feeds' tenure 2 was never granted -- held by 'session-A' (lease 300s remaining)",
    })
  })

  it('answers already, and changes nothing, when the lane is free or was never claimed', async () => {
    const { claim, release, list } = await startLanes()
    expect(await release(feeds('session-A'))).toMatchObject({ decision: 'released', already: true, lane: { rev: 0 } })
    expect((await list({})).lanes).toEqual([])

    await claim(feeds('session-A'))
    const { lane } = await release(feeds('session-A'))
    expect(await release(feeds('session-A'))).toEqual({ ok: true, decision: 'released', already: true, lane })
    expect(await release(feeds('other'))).toEqual({ ok: true, decision: 'released', already: true, lane })
  })

  it('fails with lane_held while another holds the lane live', async () => {
    const { claim, release } = await startLanes()
    const { lane } = await claim({ ...feeds('other'), lease_s: 120 })
    expect(await refusalOf(release(feeds('session-A')))).toMatchObject({
      status: 409,
      code: 'lane_held',
      text: "lane 'feeds' held live by another owner (held by 'other' (lease 120s remaining))",
      body: { lane, retry_after_ms: 120_000 },
    })
  })

  it('clears an orphaned claim for anybody, and the history says who did and whose it was', async () => {
    const { claim, release, history, clock } = await startLanes()
    await claim({ ...feeds('other'), lease_s: 60 })
    clock.advance(60_000)
    const { decision, lane } = await release(feeds('session-A'))
    expect(decision).toBe('released')
    expect(lane).toMatchObject({ state: 'free', last_owner: 'other', last_end: 'cleared' })
    const { events } = await history({ lane: 'feeds' })
    expect(events[0]).toMatchObject({ event: 'clear', owner: 'session-A', from: 'other', fence: 1 })
  })

  it('releases a lane whose own lease lapsed, without calling it cleared', async () => {
    const { claim, release, history, clock } = await startLanes()
    await claim({ ...feeds('session-A'), lease_s: 60 })
    clock.advance(60_000)
    expect((await release(feeds('session-A'))).lane).toMatchObject({ last_end: 'released' })
    const { events } = await history({ lane: 'feeds' })
    expect(events[0]).toMatchObject({ event: 'release', from: null })
  })

  it('never touches a newer tenure when it names an older fence', async () => {
    const { claim, release, get, clock } = await startLanes()
    await claim({ ...feeds('session-A'), lease_s: 60 })
    clock.advance(60_000)
    for (const owner of ['session-A', 'other']) {
      const { lane } = await claim({ ...feeds(owner), lease_s: 60 })
      expect(await release({ ...feeds('session-A'), fence: 1 })).toEqual({
        ok: true,
        decision: 'released',
        already: true,
        lane,
      })
      clock.advance(60_000)
    }
    expect((await get({ lane: 'feeds' })).lane).toMatchObject({ state: 'orphaned', owner: 'other', fence: 3, rev: 3 })
  })

  it('fails with lane_held for another session under the same owner', async () => {
    const { claim, release } = await startLanes()
    await claim({ ...feeds('session-A'), session: 'first' })
    for (const session of ['second', undefined]) {
      expect((await refusalOf(release({ ...feeds('session-A'), session }))).code).toBe('lane_held')
    }
    expect(await release({ ...feeds('session-A'), session: 'first' })).toMatchObject({ lane: { state: 'free' } })
  })
})
