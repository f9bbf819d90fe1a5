import { describe, expect, it } from 'vitest'
import { type AlarmKind, createAlarms } from './alarms.ts'
import { createLaneLedger, type Grant, type Known, type Lane } from './lane-ledger.ts'
import { createMessageLedger } from './message-ledger.ts'
import { findBreach } from './observations.ts'

const NEVER: Known = { fence: 0, rev: 0 }

function toMoment(seconds: number): string {
  return new Date(1_900_000_000_000 + seconds * 1_000).toISOString()
}

/** A lane as held from one second to another. */
function lane(fence: number, rev: number, owner = 'ann', [from, to] = [0, 10]): Lane {
  return {
    ...{ name: 'feeds', state: 'held', owner, note: null, fence, rev, lease_s: to - from, waiters: 0 },
    ...{ claimed_at: toMoment(from), renewed_at: toMoment(from), expires_at: toMoment(to), expires_in_ms: 1 },
    ...{ last_owner: null, last_fence: null, last_end: null },
  }
}

const claim = (...args: Parameters<typeof lane>): Grant => ({ decision: 'claim', lane: lane(...args) })

function openLanes() {
  const alarms = createAlarms()
  const ledger = createLaneLedger(alarms.raise)
  return { ledger, kinds: (): AlarmKind[] => alarms.first.map(({ kind }) => kind) }
}

describe('the ledger of the lanes', () => {
  it('is content with a lane that goes from hand to hand, in whatever order the answers come', () => {
    const { ledger, kinds } = openLanes()
    ledger.granted('ann', NEVER, claim(1, 1))
    const known = ledger.known('feeds')
    ledger.granted('bob', NEVER, claim(2, 3, 'bob', [20, 30]))
    // Ann's heartbeat was before, and its answer late.
    ledger.renewed('ann', known, lane(1, 2, 'ann', [0, 20]))
    ledger.givesBack('feeds', 2)
    ledger.granted('cat', ledger.known('feeds'), claim(3, 5, 'cat', [21, 40]))
    ledger.verified(ledger.known('feeds'), 3, true, lane(3, 5, 'cat', [21, 40]))
    expect(kinds()).toEqual([])
  })

  it('tells a fence that is given to two', () => {
    const { ledger, kinds } = openLanes()
    ledger.granted('ann', NEVER, claim(1, 1))
    ledger.granted('bob', NEVER, claim(1, 1, 'bob'))
    expect(kinds()).toEqual(['fence', 'fence'])
  })

  it('tells a new tenure whose fence does not rise', () => {
    const { ledger, kinds } = openLanes()
    ledger.granted('ann', NEVER, claim(7, 9))
    ledger.granted('bob', ledger.known('feeds'), claim(6, 10, 'bob', [20, 30]))
    expect(kinds()).toContain('fence')
  })

  it('tells two holders at once, also when the answer that shows it comes late, and only once', () => {
    const { ledger, kinds } = openLanes()
    ledger.granted('ann', NEVER, claim(1, 1))
    ledger.granted('bob', NEVER, claim(2, 3, 'bob', [12, 30]))
    expect(kinds()).toEqual([])
    ledger.renewed('ann', NEVER, lane(1, 2, 'ann', [0, 15]))
    ledger.renewed('ann', NEVER, lane(1, 2, 'ann', [0, 15]))
    expect(kinds()).toEqual(['two holders'])
  })

  it('tells a lane that goes back, and a fence that is valid after it was over', () => {
    const { ledger, kinds } = openLanes()
    ledger.granted('ann', NEVER, claim(5, 9))
    const known = ledger.known('feeds')
    ledger.saw(known, lane(5, 8))
    ledger.saw(known, lane(4, 9))
    ledger.verified(known, 4, true, lane(5, 9))
    expect(kinds()).toEqual(['went back', 'went back', 'fence'])
  })

  it('tells a history with a gap, a tenure out of turn, and one that is another’s', () => {
    const { ledger, kinds } = openLanes()
    const before = new Map()
    const follow = (rev: number, event: string, fence: number, owner = 'ann') =>
      ledger.followed('reader', before, 'feeds', { rev, event, owner, fence })
    ledger.granted('ann', NEVER, claim(1, 1))
    follow(1, 'claim', 1)
    follow(2, 'heartbeat', 1)
    follow(3, 'release', 1)
    follow(4, 'claim', 2)
    follow(5, 'renew', 3)
    expect(kinds()).toEqual([])
    follow(7, 'heartbeat', 3)
    follow(8, 'claim', 3)
    follow(9, 'heartbeat', 4)
    follow(10, 'heartbeat', 1, 'bob')
    expect(kinds()).toEqual(['gap', 'fence', 'fence', 'fence', 'fence'])
  })
})

function openMessages() {
  const alarms = createAlarms()
  const ledger = createMessageLedger(alarms.raise)
  return { ledger, kinds: (): AlarmKind[] => alarms.first.map(({ kind }) => kind) }
}

describe('the ledger of the messages', () => {
  it('is content when everything is met as it was posted, acknowledged before or after', () => {
    const { ledger, kinds } = openMessages()
    const [one, two] = [ledger.write('ann'), ledger.write('ann', 'more')]
    ledger.posted(1, one)
    ledger.read('reader', { id: 1, body: one })
    ledger.read('reader', { id: 2, body: two })
    ledger.posted(2, two)
    ledger.read('other', { id: 1, body: one })
    expect(kinds()).toEqual([])
    expect(ledger.countUnread()).toBe(0)
  })

  it('tells an acknowledged message that no reader meets', () => {
    const { ledger } = openMessages()
    ledger.posted(1, ledger.write('ann'))
    expect(ledger.countUnread()).toBe(1)
  })

  it('tells an acknowledged message in whose place another one stands', () => {
    const { ledger, kinds } = openMessages()
    const [one, two] = [ledger.write('ann'), ledger.write('ann')]
    ledger.posted(1, one)
    ledger.read('reader', { id: 1, body: two })
    ledger.posted(1, one)
    ledger.read('other', { id: 1, body: one })
    expect(kinds()).toEqual(['lost message', 'lost message', 'lost message'])
  })

  it('tells a message that is there twice, and an id that was given twice', () => {
    const { ledger, kinds } = openMessages()
    const body = ledger.write('ann')
    ledger.read('reader', { id: 1, body })
    ledger.read('reader', { id: 2, body })
    ledger.posted(3, ledger.write('ann'))
    ledger.posted(3, ledger.write('bob'))
    expect(kinds()).toEqual(['doubled message', 'doubled message'])
  })

  it('tells a reader that misses one or meets one twice', () => {
    const { ledger, kinds } = openMessages()
    for (const id of [1, 3, 3]) ledger.read('reader', { id, body: `${id}` })
    expect(kinds()).toEqual(['gap', 'gap'])
  })
})

describe('a refusal', () => {
  const url = new URL('http://localhost/api/bus/lanes/feeds/claim')
  const body = { code: 'lane_held', detail: 'held', request_id: 'r' }

  it.each([
    [409, { ...body, lane: { name: 'feeds' } }, undefined],
    [409, { ...body, code: 'lanes_held', lanes: [{ name: 'feeds' }] }, undefined],
    [422, body, undefined],
    [409, body, '409 lane_held without the lane'],
    [409, { ...body, lane: { name: 'docs' } }, '409 lane_held with lane docs'],
    [409, { ...body, code: 'lanes_held', lanes: [] }, '409 lanes_held without the lanes'],
    [422, { detail: 'no' }, '422 without a code, a detail or a request id'],
    [500, { ...body, code: 'internal' }, '500 internal'],
    [503, { ...body, code: 'store_unavailable' }, '503 store_unavailable, and nothing was in the way'],
  ])('of %s is what it must be, or is told: %j', (status, refusal, breach) => {
    expect(findBreach({ url }, status, refusal, false)).toBe(breach)
  })

  it('of 503 is understood while something is in the way', () => {
    expect(findBreach({ url }, 503, { ...body, code: 'store_unavailable' }, true)).toBeUndefined()
  })
})
