import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../../test/support/refusal.ts'
import { afterNoon, NOON, startStillBus } from '../../../test/support/still-bus.ts'
import type { BusOptions } from '../../app.ts'
import * as contract from './contract.ts'

async function startLanes(options: Partial<BusOptions> = {}) {
  const { lanes, clock } = await startStillBus(options)
  return { ...lanes, clock }
}

const feeds = (owner: string) => ({ lane: 'feeds', owner })
const heldFor = (seconds: number, owner = 'other') => `lane 'feeds' held by '${owner}' (lease ${seconds}s remaining)`

describe('lanes.claim', () => {
  it('takes a lane that was never claimed, for 300 s unless told otherwise', async () => {
    const { claim } = await startLanes()
    expect(await claim(feeds('session-A'))).toEqual({
      ok: true,
      decision: 'claim',
      lease_s: 300,
      lane: {
        name: 'feeds',
        state: 'held',
        owner: 'session-A',
        note: null,
        fence: 1,
        rev: 1,
        claimed_at: NOON,
        renewed_at: NOON,
        expires_at: afterNoon(300),
        expires_in_ms: 300_000,
        waiters: 0,
        lease_s: 300,
        last_owner: null,
        last_fence: null,
        last_end: null,
      },
    })
  })

  it('takes a lane that was released, under the next fence, and remembers who had it', async () => {
    const { claim, release } = await startLanes()
    await claim(feeds('other'))
    await release(feeds('other'))
    const { decision, lane } = await claim(feeds('session-A'))
    expect(decision).toBe('claim')
    expect(lane).toMatchObject({ fence: 2, rev: 3, last_owner: 'other', last_fence: 1, last_end: 'released' })
  })

  it('renews a lane that is its own: a whole new lease, the same tenure', async () => {
    const { claim, clock } = await startLanes()
    await claim({ ...feeds('session-A'), lease_s: 60 })
    clock.advance(59_999)
    const answer = await claim({ ...feeds('session-A'), lease_s: 120 })
    expect(answer).toMatchObject({ decision: 'renew', lease_s: 120 })
    expect(answer).not.toHaveProperty('lapsed')
    expect(answer.lane).toMatchObject({
      fence: 1,
      rev: 2,
      claimed_at: NOON,
      renewed_at: afterNoon(59.999),
      expires_at: afterNoon(179.999),
    })
  })

  it('fails with lane_held while another holds the lane live, and says who, how long and since when', async () => {
    const { claim, clock } = await startLanes()
    const { lane } = await claim({ ...feeds('other'), lease_s: 120, note: 'rewriting the parser' })
    expect(await refusalOf(claim(feeds('session-A')))).toMatchObject({
      status: 409,
      code: 'lane_held',
      text: heldFor(120),
      body: { lane, retry_after_ms: 120_000 },
    })
    clock.advance(119_999)
    expect(await refusalOf(claim(feeds('session-A')))).toMatchObject({
      text: heldFor(1),
      body: { lane: { expires_in_ms: 1 }, retry_after_ms: 1 },
    })
  })

  it('steals a lane whose lease expired, under the next fence, and says from whom', async () => {
    const { claim, clock } = await startLanes()
    await claim({ ...feeds('other'), lease_s: 60 })
    clock.advance(60_000)
    const answer = await claim(feeds('session-A'))
    expect(answer).toMatchObject({ decision: 'steal', stolen_from: 'other' })
    expect(answer).not.toHaveProperty('lapsed')
    expect(answer.lane).toMatchObject({ owner: 'session-A', fence: 2, last_owner: 'other', last_end: 'stolen' })
  })

  it('says that the own lease had lapsed, and begins a new tenure', async () => {
    const { claim, clock } = await startLanes()
    await claim({ ...feeds('session-A'), lease_s: 60 })
    clock.advance(60_000)
    const answer = await claim(feeds('session-A'))
    expect(answer).toMatchObject({ decision: 'renew', lapsed: true })
    expect(answer).not.toHaveProperty('stolen_from')
    expect(answer.lane).toMatchObject({
      fence: 2,
      claimed_at: afterNoon(60),
      last_owner: 'session-A',
      last_fence: 1,
      last_end: 'lapsed',
    })
  })

  it.each([
    [0.001, 1],
    [0.999, 1],
    [60.001, 60],
    [1e308, 60],
  ])('clamps a lease of %d s to %d s, and says so', async (requested, granted) => {
    const { claim } = await startLanes({ maxLeaseSeconds: 60 })
    const answer = await claim({ ...feeds('session-A'), lease_s: requested })
    expect(answer).toMatchObject({ lease_s: granted, requested_lease_s: requested, clamped: true })
    expect(answer.lane).toMatchObject({ lease_s: granted, expires_in_ms: granted * 1_000 })
  })

  it.each([1, 2.5, 60])('grants a lease of %d s as it is, and speaks of no clamping', async (requested) => {
    const { claim } = await startLanes({ maxLeaseSeconds: 60 })
    const answer = await claim({ ...feeds('session-A'), lease_s: requested })
    expect(Object.keys(answer)).toEqual(['ok', 'decision', 'lane', 'lease_s'])
    expect(answer.lane.expires_in_ms).toBe(requested * 1_000)
  })

  it.each([0, -1, -1e-9, Number.NaN, Number.POSITIVE_INFINITY, '300', null, true])(
    'takes no lease of %j s',
    (lease_s) => {
      const parsed = contract.claim.input.safeParse({ ...feeds('session-A'), lease_s })
      expect(parsed.error?.issues).toMatchObject([
        { path: ['lease_s'], message: 'lease_s must be a positive number of seconds, as in 300' },
      ])
    },
  )

  it('shows the note to those who are refused, in the lane and not in the bus’s own words', async () => {
    const { claim } = await startLanes()
    await claim({ ...feeds('other'), note: 'rewriting the parser' })
    const { text, body } = await refusalOf(claim({ ...feeds('session-A'), note: 'mine' }))
    expect(body.lane).toMatchObject({ owner: 'other', note: 'rewriting the parser' })
    expect(text).not.toContain('parser')
  })

  it('keeps the note until another is given, and for that tenure only', async () => {
    const { claim, heartbeat, clock } = await startLanes()
    const noteOf = async (answer: Promise<{ lane: { note: string | null } }>) => (await answer).lane.note
    expect(await noteOf(claim({ ...feeds('other'), note: 'reading' }))).toBe('reading')
    expect(await noteOf(claim(feeds('other')))).toBe('reading')
    expect(await noteOf(heartbeat(feeds('other')))).toBe('reading')
    expect(await noteOf(claim({ ...feeds('other'), note: 'writing' }))).toBe('writing')
    clock.advance(300_000)
    expect(await noteOf(claim(feeds('session-A')))).toBeNull()
  })

  it('keeps two processes under one owner name apart by their sessions, which it shows to nobody', async () => {
    const { claim, clock } = await startLanes()
    const first = await claim({ ...feeds('session-A'), session: 'first' })
    expect(JSON.stringify(first)).not.toContain('first')
    for (const session of ['second', undefined]) {
      expect((await refusalOf(claim({ ...feeds('session-A'), session }))).code).toBe('lane_held')
    }
    expect(await claim({ ...feeds('session-A'), session: 'first' })).toMatchObject({ decision: 'renew' })
    clock.advance(300_000)
    const second = await claim({ ...feeds('session-A'), session: 'second' })
    expect(second).toMatchObject({ decision: 'steal', stolen_from: 'session-A', lane: { fence: 2 } })
  })

  it('takes names as different that differ in case, or only after a sign that names may have', async () => {
    const { claim } = await startLanes()
    for (const lane of ['feeds', 'Feeds', 'feeds.a', 'feeds:a', 'feeds@a', 'feeds+a', '-feeds', 'x'.repeat(128)]) {
      expect(await claim({ lane, owner: lane })).toMatchObject({ decision: 'claim', lane: { name: lane, fence: 1 } })
    }
  })

  it('lets exactly one of 20 at once win, and tells the others its name', async () => {
    const { claim } = await startLanes()
    const attempts = Array.from({ length: 20 }, (_, index) => claim(feeds(`session-${index}`)))
    const outcomes = await Promise.allSettled(attempts)
    const [winner, ...others] = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    expect(others).toEqual([])
    const losers = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [String(outcome.reason.message)] : [],
    )
    expect(losers).toEqual(Array(19).fill(heldFor(300, winner?.lane.owner ?? '')))
  })
})
