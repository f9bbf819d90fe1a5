import { describe, expect, it } from 'vitest'
import {
  applyChange,
  type LaneChange,
  listLanes,
  mergeLanes,
  type PanelLane,
  settleWaiters,
  stateOf,
  toPanelLane,
  type WireLane,
} from './lanes.ts'

const NOON = Date.parse('2026-01-31T12:00:00.000Z')
const at = (seconds: number) => new Date(NOON + seconds * 1000).toISOString()

const wire = (fields: Partial<WireLane> = {}): WireLane => ({
  name: 'feeds',
  state: 'held',
  owner: 'ann',
  note: null,
  fence: 1,
  rev: 1,
  claimed_at: at(0),
  renewed_at: at(0),
  expires_at: at(300),
  expires_in_ms: 300_000,
  waiters: 0,
  lease_s: 300,
  last_owner: null,
  last_fence: null,
  last_end: null,
  ...fields,
})

const change = (fields: Partial<LaneChange>): LaneChange => ({
  rev: 2,
  event: 'heartbeat',
  owner: 'ann',
  from: null,
  fence: 1,
  at: at(100),
  lease_s: 300,
  note: null,
  request_id: 'request',
  ...fields,
})

const mapOf = (...lanes: readonly PanelLane[]) => new Map(lanes.map((lane) => [lane.name, lane]))

describe('a change of a lane', () => {
  const held = toPanelLane(wire({ note: 'reading' }))

  it('that claims a lane never seen before shows it as read', () => {
    const claimed = applyChange(undefined, 'feeds', change({ rev: 1, event: 'claim', at: at(0) }))
    expect(claimed).toEqual(toPanelLane(wire()))
  })

  it('that renews keeps the tenure and moves its end', () => {
    const renewed = applyChange(held, 'feeds', change({ lease_s: 60, note: 'reading' }))
    expect(renewed).toEqual(
      toPanelLane(wire({ rev: 2, note: 'reading', renewed_at: at(100), expires_at: at(160), lease_s: 60 })),
    )
  })

  it('that renews after the own lease lapsed begins another tenure', () => {
    const renewed = applyChange(held, 'feeds', change({ event: 'renew', fence: 2, at: at(400) }))
    expect(renewed).toMatchObject({ fence: 2, claimedAt: NOON + 400_000, isStolen: false })
  })

  it('that steals says so until the tenure ends', () => {
    const stolen = applyChange(
      held,
      'feeds',
      change({ event: 'steal', owner: 'bob', from: 'ann', fence: 2, at: at(400) }),
    )
    expect(stolen).toMatchObject({ owner: 'bob', fence: 2, isStolen: true })
    const renewed = applyChange(stolen, 'feeds', change({ rev: 3, owner: 'bob', fence: 2, at: at(500) }))
    expect(renewed).toMatchObject({ isStolen: true, claimedAt: NOON + 400_000 })
  })

  it.each(['release', 'clear'] as const)('of the kind %s leaves nobody in the lane', (event) => {
    const free = applyChange(held, 'feeds', change({ event, lease_s: null }))
    expect(free).toMatchObject({ owner: null, expiresAt: null, note: null, fence: 1, rev: 2 })
  })

  it('that is known already changes nothing', () => {
    expect(applyChange(held, 'feeds', change({ rev: 1, owner: 'bob' }))).toBe(held)
  })

  it('asks for the lane to be read when one before it is missing, or when it does not tell the end of the lease', () => {
    expect(applyChange(held, 'feeds', change({ rev: 3 }))).toBeUndefined()
    expect(applyChange(undefined, 'feeds', change({ rev: 2 }))).toBeUndefined()
    expect(applyChange(held, 'feeds', change({ event: 'credit' }))).toBeUndefined()
  })
})

describe('lanes that were read', () => {
  it('replace what is known of the same rev or an earlier one, and never of a later one', () => {
    const known = mapOf(toPanelLane(wire({ rev: 5, owner: 'bob' })), toPanelLane(wire({ name: 'docs', rev: 1 })))
    const merged = mergeLanes(known, [wire({ rev: 4 }), wire({ name: 'docs', rev: 1, waiters: 2 })])
    expect(merged.get('feeds')?.owner).toBe('bob')
    expect(merged.get('docs')?.waiters).toBe(2)
  })

  it('have no waiters any more when nobody waits for them', () => {
    const lanes = mapOf(toPanelLane(wire({ waiters: 2 })), toPanelLane(wire({ name: 'docs', waiters: 1 })))
    const settled = settleWaiters(lanes, [{ kind: 'contended', lane: wire({ waiters: 2 }) }, { kind: 'flag' }])
    expect([...settled.values()].map(({ name, waiters }) => [name, waiters])).toEqual([
      ['feeds', 2],
      ['docs', 0],
    ])
  })

  it('stay the same object when nothing settles, so that nothing is drawn anew', () => {
    const lanes = mapOf(toPanelLane(wire()))
    expect(settleWaiters(lanes, [])).toBe(lanes)
  })
})

describe('the list of lanes', () => {
  const lanes = mapOf(
    toPanelLane(wire({ name: 'zeta' })),
    toPanelLane(wire({ name: 'alpha', owner: 'Bob' })),
    toPanelLane(wire({ name: 'left', expires_at: at(-1) })),
    toPanelLane(wire({ name: 'empty', owner: null, expires_at: null, claimed_at: null, renewed_at: null })),
  )
  const names = (text: string, showsFree = false, now = NOON) =>
    listLanes(lanes, { text, showsFree }, now).map(({ name }) => name)

  it('has orphaned ones first, then the names in order, and free ones only when asked for', () => {
    expect(names('')).toEqual(['left', 'alpha', 'zeta'])
    expect(names('', true)).toEqual(['left', 'alpha', 'zeta', 'empty'])
  })

  it('has those whose name or owner has the text in it', () => {
    expect(names('ET')).toEqual(['zeta'])
    expect(names('bob')).toEqual(['alpha'])
    expect(names('nobody')).toEqual([])
  })

  it('moves a lane when its lease runs out, at that very moment', () => {
    const lane = toPanelLane(wire())
    expect([NOON + 299_999, NOON + 300_000].map((now) => stateOf(lane, now))).toEqual(['held', 'orphaned'])
  })
})
