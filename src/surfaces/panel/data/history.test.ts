import { describe, expect, it } from 'vitest'
import type { Output } from '../../../client/index.ts'
import { describeHistory } from './history.ts'

type History = Output<'lanes.history'>
type LaneEvent = History['events'][number]

const at = (second: number) => new Date(1_900_000_000_000 + second * 1000).toISOString()

const event = (rev: number, kind: LaneEvent['event'], fields: Partial<LaneEvent> = {}): LaneEvent => ({
  rev,
  event: kind,
  owner: 'ann',
  from: null,
  fence: 1,
  at: at(rev * 10),
  lease_s: 60,
  note: null,
  request_id: 'request',
  ...fields,
})

describe('the history of a lane', () => {
  it('tells each change in words', () => {
    const events = [
      event(7, 'credit'),
      event(6, 'clear', { owner: 'bob', from: 'ann', lease_s: null, note: 'gone' }),
      event(5, 'steal', { owner: 'bob', from: 'ann', fence: 2 }),
      event(4, 'renew'),
      event(3, 'heartbeat'),
      event(2, 'release', { lease_s: null }),
      event(1, 'claim'),
    ]
    expect(
      describeHistory({ lane: 'feeds', events, refusals: [] }).map(({ owner, text }) => `${owner} ${text}`),
    ).toEqual([
      'ann keeps it for a while, since the bus was away',
      'bob cleared it for ann, whose lease was over',
      'bob took it over from ann for 60 s, fence 2',
      'ann renewed it for 60 s, 2 times',
      'ann released it',
      'ann claimed it for 60 s, fence 1',
    ])
  })

  it('has the refusals between the changes, by the time of the last one of a kind', () => {
    const refusal = { owner: 'bob', code: 'lane_held' as const, fence: 1, held_by: 'ann', first_at: at(1) }
    const lines = describeHistory({
      lane: 'feeds',
      events: [event(2, 'heartbeat'), event(1, 'claim')],
      refusals: [
        { ...refusal, count: 3, last_at: at(15) },
        { ...refusal, owner: 'cid', held_by: null, count: 1, last_at: at(5) },
      ],
    })
    expect(lines.map(({ kind, owner, text }) => (kind === 'refusal' ? `${owner} ${text}` : kind))).toEqual([
      'heartbeat',
      'bob was refused while ann held it (lane_held), 3 times',
      'claim',
      'cid was refused (lane_held)',
    ])
    expect(new Set(lines.map(({ key }) => key)).size).toBe(4)
  })
})
