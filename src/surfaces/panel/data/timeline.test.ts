import { describe, expect, it } from 'vitest'
import type { Output } from '../../../client/index.ts'
import { describeTenure, toRows } from './timeline.ts'

type Timeline = Output<'lanes.timeline'>
type Tenure = Timeline['tenures'][number]

const NOON = Date.parse('2026-01-31T12:00:00.000Z')
const at = (minute: number) => new Date(NOON + minute * 60_000).toISOString()
const formatTime = (ms: number) => `minute ${(ms - NOON) / 60_000}`

const tenure = (fields: Partial<Tenure>): Tenure => ({
  lane: 'feeds',
  owner: 'ann',
  fence: 1,
  began_at: at(15),
  ended_at: null,
  end: null,
  lease_ends_at: at(90),
  renewals: 0,
  note: null,
  stolen_from: null,
  ...fields,
})

/** The hour from noon on. */
const hour = (tenures: readonly Tenure[], refusals: Timeline['refusals'] = []): Timeline => ({
  from: at(0),
  until: at(60),
  tenures: [...tenures],
  refusals,
  truncated: false,
})

const barOf = (fields: Partial<Tenure>) => {
  const [row] = toRows(hour([tenure(fields)]), formatTime)
  const { begin, end, lapsedFrom } = row?.bars[0] ?? { begin: -1, end: -1, lapsedFrom: -1 }
  return { begin, end, lapsedFrom }
}

describe('the bar of a tenure', () => {
  it('goes from its beginning to now while the lease runs', () => {
    expect(barOf({})).toEqual({ begin: 0.25, end: 1, lapsedFrom: 1 })
  })

  it('goes to its end when it is over', () => {
    expect(barOf({ ended_at: at(30), end: 'released', lease_ends_at: at(90) })).toEqual({
      ...{ begin: 0.25, end: 0.5, lapsedFrom: 0.5 },
    })
  })

  it('is thin from the end of the lease on until somebody ended it', () => {
    expect(barOf({ ended_at: at(45), end: 'stolen', lease_ends_at: at(30) })).toEqual({
      ...{ begin: 0.25, end: 0.75, lapsedFrom: 0.5 },
    })
    expect(barOf({ lease_ends_at: at(30) })).toEqual({ begin: 0.25, end: 1, lapsedFrom: 0.5 })
  })

  it('begins at the edge when it began before, and never lapses before it begins', () => {
    expect(barOf({ began_at: null })).toMatchObject({ begin: 0 })
    expect(barOf({ began_at: null, lease_ends_at: at(-5) })).toEqual({ begin: 0, end: 1, lapsedFrom: 0 })
  })
})

describe('the rows of the timeline', () => {
  it('are the lanes of which there is anything to tell, by name, those too that only refused', () => {
    const refusal = { lane: 'docs', owner: 'bob', held_by: 'ann', code: 'lane_held' as const, fence: 3, count: 2 }
    const rows = toRows(
      hour([tenure({ lane: 'feeds' }), tenure({ lane: 'api' })], [{ ...refusal, first_at: at(1), last_at: at(6) }]),
      formatTime,
    )
    expect(rows.map(({ lane }) => lane)).toEqual(['api', 'docs', 'feeds'])
    expect(rows[1]).toEqual({
      lane: 'docs',
      bars: [],
      marks: [
        {
          kind: 'refusal',
          place: 0.1,
          text: 'bob was refused while ann held it (lane_held), 2 times, last at minute 6',
        },
      ],
    })
  })

  it('mark where a lane was taken over', () => {
    const [row] = toRows(hour([tenure({ owner: 'bob', stolen_from: 'ann' })]), formatTime)
    expect(row?.marks).toEqual([{ kind: 'steal', place: 0.25, text: 'bob took it over from ann at minute 15' }])
  })
})

describe('a tenure in words', () => {
  it.each<[Partial<Tenure>, string]>([
    [{}, 'ann, fence 1: minute 15 to now'],
    [{ began_at: null, note: 'parser' }, 'ann, fence 1: before this to now – parser'],
    [
      { ended_at: at(30), end: 'cleared', renewals: 1 },
      'ann, fence 1: minute 15 to minute 30 (cleared), renewed 1 time',
    ],
  ])('of %o', (fields, words) => {
    expect(describeTenure(tenure(fields), formatTime)).toBe(words)
  })
})
