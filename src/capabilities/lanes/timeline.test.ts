import { describe, expect, it } from 'vitest'
import { findEndedBefore, findEnding, hasBegun, type TenureSpan, takeNewest, toSpans } from './timeline.ts'
import type { IdleTenureRow, TenureEventsRow } from './timeline-store.ts'

const FROM = 10_000
const terms = { from: FROM, maxCreditMs: 150 }

/** A tenure that began with a claim inside the window, and of which nothing more is known. */
function createRow(more: Partial<TenureEventsRow> = {}): TenureEventsRow {
  const { opening_at = FROM + 100, opening_event = 'claim' } = more
  return {
    lane: 'feeds',
    fence: 7,
    renewals: 0,
    opening_event,
    opening_at,
    opening_owner: 'ann',
    opening_from: null,
    closing_event: opening_event,
    closing_at: opening_at,
    closing_note: null,
    granted_event: opening_event,
    granted_at: opening_at,
    granted_lease_ms: 1_000,
    granted_note: null,
    earlier_event: null,
    earlier_fence: null,
    earlier_at: null,
    earlier_owner: null,
    earlier_lease_ms: null,
    earlier_note: null,
    present_claimed_at: null,
    present_expires_at: null,
    ...more,
  }
}

/** The event before the first one: a heartbeat of bob in the tenure before. */
const earlier = {
  earlier_event: 'heartbeat',
  earlier_fence: 6,
  earlier_at: FROM - 500,
  earlier_owner: 'bob',
  earlier_lease_ms: 200,
  earlier_note: 'reading',
} as const

const idle: IdleTenureRow = {
  lane: 'feeds',
  fence: 7,
  owner: 'ann',
  note: 'reading',
  expires_at: FROM - 1_000,
  changed_at: FROM - 2_000,
}

const spanOf = (row: TenureEventsRow, next: TenureEventsRow[] = []) => toSpans([row, ...next], [], terms)[0]

describe('whether a tenure began inside the window', () => {
  it.each([
    ['a claim', createRow(), true],
    ['a steal', createRow({ opening_event: 'steal' }), true],
    ['a renewal after a lapse', createRow({ opening_event: 'renew', ...earlier }), true],
    ['a renewal of the same tenure', createRow({ opening_event: 'renew', ...earlier, earlier_fence: 7 }), false],
    ['a renewal of which nobody knows what came before', createRow({ opening_event: 'renew' }), false],
    [
      'the renewal that the present tenure began with',
      createRow({ opening_event: 'renew', present_claimed_at: FROM + 100 }),
      true,
    ],
    [
      'a renewal of the present tenure, which began before',
      createRow({ opening_event: 'renew', present_claimed_at: FROM - 1 }),
      false,
    ],
    ['a heartbeat', createRow({ opening_event: 'heartbeat' }), false],
    ['a credit', createRow({ opening_event: 'credit' }), false],
    ['a release', createRow({ opening_event: 'release' }), false],
    ['a clearing', createRow({ opening_event: 'clear' }), false],
  ])('is told by its first event: %s', (_, row, expected) => {
    expect(hasBegun(row)).toBe(expected)
  })
})

describe('how a tenure ended', () => {
  const next = (more: Partial<TenureEventsRow>) => createRow({ fence: 8, opening_at: FROM + 900, ...more })

  it('is told by its own release or clearing', () => {
    const closed = { closing_at: FROM + 300 }
    expect(findEnding(createRow({ closing_event: 'release', ...closed }), undefined)).toEqual({
      end: 'released',
      at: FROM + 300,
    })
    expect(findEnding(createRow({ closing_event: 'clear', ...closed }), next({}))).toEqual({
      end: 'cleared',
      at: FROM + 300,
    })
  })

  it('is told by the first event of the next tenure: a steal, or a renewal after a lapse', () => {
    expect(findEnding(createRow(), next({ opening_event: 'steal' }))).toEqual({ end: 'stolen', at: FROM + 900 })
    const renewed = next({ opening_event: 'renew', ...earlier, earlier_fence: 7 })
    expect(findEnding(createRow(), renewed)).toEqual({ end: 'lapsed', at: FROM + 900 })
  })

  it('is told by nothing while it goes on, held or orphaned', () => {
    expect(findEnding(createRow(), undefined)).toBeUndefined()
    expect(findEnding(createRow({ closing_event: 'heartbeat' }), undefined)).toBeUndefined()
  })
})

describe('a tenure that an event inside the window ended', () => {
  it('is there although nothing else of it lies inside', () => {
    expect(findEndedBefore(createRow({ opening_event: 'steal', opening_from: 'bob', ...earlier }), terms)).toEqual({
      lane: 'feeds',
      fence: 6,
      owner: 'bob',
      beganAt: undefined,
      ending: { end: 'stolen', at: FROM + 100 },
      leaseEndsAt: FROM - 300,
      renewals: 0,
      note: 'reading',
      stolenFrom: undefined,
      changedAt: FROM - 500,
    })
    const lapsed = createRow({ opening_event: 'renew', ...earlier, earlier_owner: 'ann' })
    expect(findEndedBefore(lapsed, terms)).toMatchObject({ owner: 'ann', ending: { end: 'lapsed', at: FROM + 100 } })
  })

  it('is known by whom it was stolen from when its own events are gone', () => {
    const gone = findEndedBefore(createRow({ opening_event: 'steal', opening_from: 'bob' }), terms)
    expect(gone).toMatchObject({ owner: 'bob', fence: 6, ending: { end: 'stolen' } })
    expect([gone?.leaseEndsAt, gone?.note]).toEqual([undefined, undefined])
  })

  it('is told once: not here when it has events of its own inside', () => {
    for (const at of [FROM, FROM + 50]) {
      expect(findEndedBefore(createRow({ opening_event: 'steal', ...earlier, earlier_at: at }), terms)).toBeUndefined()
    }
  })

  it('is not there when nothing was ended', () => {
    for (const opening_event of ['claim', 'heartbeat', 'release', 'clear', 'credit'] as const) {
      expect(findEndedBefore(createRow({ opening_event, ...earlier }), terms)).toBeUndefined()
    }
    const own = createRow({ opening_event: 'renew', ...earlier, earlier_fence: 7 })
    expect(findEndedBefore(own, terms)).toBeUndefined()
  })
})

describe('a tenure of the window', () => {
  it('has its beginning, its lease and its note as they were granted last', () => {
    expect(spanOf(createRow({ renewals: 2, granted_at: FROM + 400, granted_note: 'reading' }))).toMatchObject({
      owner: 'ann',
      beganAt: FROM + 100,
      leaseEndsAt: FROM + 1_400,
      renewals: 2,
      note: 'reading',
      stolenFrom: undefined,
    })
  })

  it('that goes on has the lease that the lane has now', () => {
    expect(spanOf(createRow({ present_expires_at: FROM + 5_000 }))?.leaseEndsAt).toBe(FROM + 5_000)
  })

  it('does not count the renewal that it began with', () => {
    const renewed = { opening_event: 'renew', renewals: 3, ...earlier, earlier_at: FROM } as const
    expect(spanOf(createRow(renewed))?.renewals).toBe(2)
    expect(spanOf(createRow({ ...renewed, earlier_fence: 7 }))?.renewals).toBe(3)
  })

  it('knows whom it was stolen from', () => {
    const stolen = createRow({ opening_event: 'steal', opening_from: 'bob', ...earlier, earlier_at: FROM })
    expect(spanOf(stolen)?.stolenFrom).toBe('bob')
  })

  it('takes a credit for no more than was given', () => {
    const credited = createRow({ opening_event: 'credit' })
    expect(spanOf(credited)?.leaseEndsAt).toBe(FROM + 100 + 150)
    expect(spanOf({ ...credited, granted_lease_ms: 100 })?.leaseEndsAt).toBe(FROM + 100 + 100)
  })

  it('is its owner’s also when all that is left of it is that another cleared it', () => {
    const cleared = createRow({ opening_event: 'clear', opening_owner: 'op', opening_from: 'ann', granted_at: null })
    expect(spanOf(cleared)).toMatchObject({ owner: 'ann', ending: { end: 'cleared' }, leaseEndsAt: undefined })
  })

  it('has as its note the last word of its owner, and not of one who cleared it', () => {
    const said = { closing_note: 'done', granted_note: 'reading' }
    expect(spanOf(createRow({ closing_event: 'release', ...said }))?.note).toBe('done')
    expect(spanOf(createRow({ closing_event: 'release', ...said, closing_note: null }))?.note).toBe('reading')
    expect(spanOf(createRow({ closing_event: 'clear', ...said }))?.note).toBe('reading')
  })

  it('is there without an event when its lane is held or orphaned', () => {
    expect(toSpans([], [idle], terms)).toEqual([
      {
        lane: 'feeds',
        fence: 7,
        owner: 'ann',
        beganAt: undefined,
        ending: undefined,
        leaseEndsAt: FROM - 1_000,
        renewals: 0,
        note: 'reading',
        stolenFrom: undefined,
        changedAt: FROM - 2_000,
      },
    ])
  })

  it('is ended by the tenure after it, of the same lane and no other', () => {
    const steal = { opening_event: 'steal', opening_at: FROM + 900, ...earlier, earlier_at: FROM + 100 } as const
    const endOf = (next: Partial<TenureEventsRow>) => spanOf(createRow(), [createRow({ ...steal, ...next })])?.ending
    expect(endOf({ fence: 8 })).toEqual({ end: 'stolen', at: FROM + 900 })
    expect(endOf({ fence: 9 })).toBeUndefined()
    expect(endOf({ fence: 8, lane: 'feeds2' })).toBeUndefined()
  })
})

describe('the newest tenures', () => {
  const span = (lane: string, fence: number, changedAt: number, endedAt?: number): TenureSpan => ({
    lane,
    fence,
    owner: 'ann',
    beganAt: undefined,
    ending: endedAt === undefined ? undefined : { end: 'released', at: endedAt },
    leaseEndsAt: undefined,
    renewals: 0,
    note: undefined,
    stolenFrom: undefined,
    changedAt,
  })
  const namesOf = (spans: readonly TenureSpan[]) => spans.map(({ lane, fence }) => `${lane}${fence}`)

  it('come by lane, in the order of the characters’ codes, then by fence', () => {
    const spans = [span('b', 1, 1), span('a', 10, 1), span('B', 1, 1), span('a', 9, 1), span('_', 1, 1)]
    expect(namesOf(takeNewest(spans, 9))).toEqual(['B1', '_1', 'a9', 'a10', 'b1'])
  })

  it('are those that go on, then those to which anything happened last', () => {
    const spans = [span('a', 1, 50, 50), span('b', 1, 10), span('c', 1, 40, 90), span('d', 1, 60, 60), span('e', 1, 20)]
    expect(namesOf(takeNewest(spans, 1))).toEqual(['e1'])
    expect(namesOf(takeNewest(spans, 2))).toEqual(['b1', 'e1'])
    expect(namesOf(takeNewest(spans, 3))).toEqual(['b1', 'd1', 'e1'])
    expect(namesOf(takeNewest(spans, 4))).toEqual(['a1', 'b1', 'd1', 'e1'])
  })

  it('are of those of one moment the first by lane, and of one lane the last by fence', () => {
    const spans = [span('b', 1, 50, 50), span('a', 1, 50, 50), span('a', 2, 50, 50)]
    expect(namesOf(takeNewest(spans, 1))).toEqual(['a2'])
    expect(namesOf(takeNewest(spans, 2))).toEqual(['a1', 'a2'])
  })
})
