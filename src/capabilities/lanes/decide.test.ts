import { describe, expect, it } from 'vitest'
import { type Decision, decide, type Holder, type Lane, type LaneCommand, stateOf, type Tenure } from './decide.ts'

const NOW = 1_000_000
const CHANGED_AT = NOW - 4_000
/** The fence and the rev of every lane here that was claimed before. */
const FENCE = 7
const REV = 20
const LEASE_MS = 60_000

const ann: Holder = { owner: 'ann', session: undefined }
const bob: Holder = { owner: 'bob', session: undefined }

function createTenure(holder: Holder, expiresAt: number, more: Partial<Tenure> = {}): Tenure {
  return {
    ...holder,
    note: undefined,
    claimedAt: NOW - 9_000,
    renewedAt: CHANGED_AT,
    expiresAt,
    leaseMs: 5_000,
    ...more,
  }
}

function createLane(tenure: Tenure | undefined, more: Partial<Lane> = {}): Lane {
  return { name: 'feeds', fence: FENCE, rev: REV, tenure, changedAt: CHANGED_AT, last: undefined, ...more }
}

const live = (holder: Holder) => createLane(createTenure(holder, NOW + 1))
const expired = (holder: Holder) => createLane(createTenure(holder, NOW))

type ClaimCommand = Extract<LaneCommand, { kind: 'claim' }>
const claim = (holder: Holder, more: Partial<ClaimCommand> = {}): LaneCommand => ({
  kind: 'claim',
  ...holder,
  leaseMs: LEASE_MS,
  note: undefined,
  ...more,
})
const heartbeat = (holder: Holder, fence?: number): LaneCommand => ({
  kind: 'heartbeat',
  ...holder,
  leaseMs: LEASE_MS,
  fence,
})
const release = (holder: Holder, fence?: number): LaneCommand => ({ kind: 'release', ...holder, fence })

/** Decides for the lane `feeds` at {@link NOW}. */
const decideNow = (lane: Lane | undefined, command: LaneCommand) => decide('feeds', lane, command, NOW)

/** A decision that must change the lane. */
function change(lane: Lane | undefined, command: LaneCommand, now = NOW) {
  const decision = decide('feeds', lane, command, now)
  if (!('next' in decision)) throw new Error(`nothing changed: ${summarize(decision)}`)
  return decision
}

/** A decision in the words of the table. */
function summarize(decision: Decision): string {
  if (decision.outcome === 'refused') return `refused: ${decision.refusal}`
  if (!('next' in decision)) return decision.outcome
  const { event, next, lapsed } = decision
  const by = event.from === undefined ? '' : ` from ${event.from}`
  return `${decision.outcome}${lapsed ? ', lapsed' : ''}, ${event.kind}${by}, fence ${next.fence}`
}

const lanes = {
  'never claimed': undefined,
  free: createLane(undefined),
  'live and own': live(ann),
  "live and another's": live(bob),
  'expired and own': expired(ann),
  "expired and another's": expired(bob),
}

const commands = {
  claim: claim(ann),
  heartbeat: heartbeat(ann),
  'heartbeat with the current fence': heartbeat(ann, FENCE),
  'heartbeat with an older fence': heartbeat(ann, FENCE - 1),
  release: release(ann),
  'release with the current fence': release(ann, FENCE),
  'release with an older fence': release(ann, FENCE - 1),
}

const NOT_HELD = 'refused: lane_not_held'
const LOST = 'refused: lease_lost'
const HELD = 'refused: lane_held'

/** The whole rule, row by row and cell by cell. */
const table: Readonly<Record<keyof typeof commands, Readonly<Partial<Record<keyof typeof lanes, string>>>>> = {
  claim: {
    'never claimed': 'claim, claim, fence 1',
    free: 'claim, claim, fence 8',
    'live and own': 'renew, renew, fence 7',
    "live and another's": HELD,
    'expired and own': 'renew, lapsed, renew, fence 8',
    "expired and another's": 'steal, steal from bob, fence 8',
  },
  heartbeat: {
    'never claimed': NOT_HELD,
    free: NOT_HELD,
    'live and own': 'heartbeat, heartbeat, fence 7',
    "live and another's": NOT_HELD,
    'expired and own': NOT_HELD,
    "expired and another's": NOT_HELD,
  },
  'heartbeat with the current fence': {
    free: NOT_HELD,
    'live and own': 'heartbeat, heartbeat, fence 7',
    "live and another's": NOT_HELD,
    'expired and own': NOT_HELD,
    "expired and another's": NOT_HELD,
  },
  'heartbeat with an older fence': {
    free: LOST,
    'live and own': LOST,
    "live and another's": LOST,
    'expired and own': LOST,
    "expired and another's": LOST,
  },
  release: {
    'never claimed': 'unchanged',
    free: 'unchanged',
    'live and own': 'released, release, fence 7',
    "live and another's": HELD,
    'expired and own': 'released, release, fence 7',
    "expired and another's": 'released, clear from bob, fence 7',
  },
  'release with the current fence': {
    free: 'unchanged',
    'live and own': 'released, release, fence 7',
    "live and another's": HELD,
    'expired and own': 'released, release, fence 7',
    "expired and another's": 'released, clear from bob, fence 7',
  },
  'release with an older fence': {
    free: 'unchanged',
    'live and own': 'unchanged',
    "live and another's": 'unchanged',
    'expired and own': 'unchanged',
    "expired and another's": 'unchanged',
  },
}

for (const [name, command] of Object.entries(commands)) {
  describe(`the rule for a ${name}`, () => {
    for (const [state, expected] of Object.entries(table[name as keyof typeof commands])) {
      // A key, as listed.
      it(`answers "${expected}" when the lane is ${state}`, () => {
        expect(summarize(decideNow(lanes[state as keyof typeof lanes], command))).toBe(expected) // A key, as listed.
      })
    }
  })
}

describe('a change of a lane', () => {
  const changes: readonly [string, Lane | undefined, LaneCommand][] = [
    ['claim', createLane(undefined), claim(ann)],
    ['steal', expired(bob), claim(ann)],
    ['renewal', live(ann), claim(ann)],
    ['renewal after a lapse', expired(ann), claim(ann)],
    ['heartbeat', live(ann), heartbeat(ann)],
    ['release', live(ann), release(ann)],
    ['clearing', expired(bob), release(ann)],
  ]

  for (const [name, lane, command] of changes) {
    it(`raises the rev by one and takes place now when it is a ${name}`, () => {
      const { next, at } = change(lane, command)
      expect(next).toMatchObject({ name: 'feeds', rev: REV + 1, changedAt: NOW })
      expect(at).toBe(NOW)
    })
  }

  it('begins at rev 1 and fence 1 when the lane was never claimed', () => {
    expect(change(undefined, claim(ann)).next).toMatchObject({ name: 'feeds', rev: 1, fence: 1, last: undefined })
  })

  it('leaves the lane that it was given as it was', () => {
    const lane = live(ann)
    const copy = structuredClone(lane)
    change(lane, heartbeat(ann))
    expect(lane).toEqual(copy)
  })
})

describe('a tenure', () => {
  it('begins now and ends with its lease when the lane is claimed', () => {
    expect(change(createLane(undefined), claim(ann, { note: 'reading' })).next.tenure).toEqual({
      ...ann,
      note: 'reading',
      claimedAt: NOW,
      renewedAt: NOW,
      expiresAt: NOW + LEASE_MS,
      leaseMs: LEASE_MS,
    })
  })

  it('keeps its beginning and gets a whole new lease when it is renewed', () => {
    for (const command of [claim(ann), heartbeat(ann)]) {
      const { tenure } = change(live(ann), command).next
      expect(tenure).toMatchObject({
        claimedAt: NOW - 9_000,
        renewedAt: NOW,
        expiresAt: NOW + LEASE_MS,
        leaseMs: LEASE_MS,
      })
    }
  })

  it('begins anew when its own holder comes back after the lapse', () => {
    const { next, lapsed } = change(expired(ann), claim(ann))
    expect(next.tenure).toMatchObject({ claimedAt: NOW, renewedAt: NOW })
    expect(next.last).toEqual({ owner: 'ann', fence: FENCE, end: 'lapsed' })
    expect(lapsed).toBe(true)
  })

  it('is live one millisecond before its end and orphaned at its end', () => {
    const lane = live(ann)
    expect(stateOf(lane, NOW)).toBe('held')
    expect(stateOf(lane, NOW + 1)).toBe('orphaned')
    expect(stateOf(createLane(undefined), NOW)).toBe('free')
    expect(stateOf(undefined, NOW)).toBe('free')
  })

  it('keeps its note when a renewal names none, and takes a new one over', () => {
    const lane = createLane(createTenure(ann, NOW + 1, { note: 'reading' }))
    expect(change(lane, claim(ann)).next.tenure?.note).toBe('reading')
    expect(change(lane, heartbeat(ann)).next.tenure?.note).toBe('reading')
    expect(change(lane, claim(ann, { note: 'writing' })).next.tenure?.note).toBe('writing')
  })

  it('does not inherit the note of the tenure before', () => {
    const lane = createLane(createTenure(bob, NOW, { note: 'reading' }))
    expect(change(lane, claim(ann)).next.tenure?.note).toBeUndefined()
  })

  it('is remembered as the last one, with how it ended, when it ends', () => {
    const last = { owner: 'bob', fence: FENCE }
    expect(change(live(bob), release(bob)).next.last).toEqual({ ...last, end: 'released' })
    expect(change(expired(bob), release(ann)).next.last).toEqual({ ...last, end: 'cleared' })
    expect(change(expired(bob), claim(ann)).next.last).toEqual({ ...last, end: 'stolen' })
  })

  it('leaves what is remembered alone when a free lane is claimed or a lane renewed', () => {
    const last = { owner: 'cid', fence: FENCE - 1, end: 'released' } as const
    expect(change(createLane(undefined, { last }), claim(ann)).next.last).toEqual(last)
    expect(change({ ...live(ann), last }, claim(ann)).next.last).toEqual(last)
  })
})

describe('the event of a change', () => {
  it('names who did it, whose tenure it ended and the tenure that it is about', () => {
    expect(change(undefined, claim(ann)).event).toEqual({ kind: 'claim', owner: 'ann', from: undefined, fence: 1 })
    expect(change(expired(bob), claim(ann)).event).toEqual({ kind: 'steal', owner: 'ann', from: 'bob', fence: 8 })
    expect(change(live(ann), claim(ann)).event).toEqual({ kind: 'renew', owner: 'ann', from: undefined, fence: 7 })
    expect(change(expired(ann), claim(ann)).event).toEqual({ kind: 'renew', owner: 'ann', from: undefined, fence: 8 })
    expect(change(live(ann), heartbeat(ann)).event).toMatchObject({ kind: 'heartbeat', owner: 'ann', fence: 7 })
    expect(change(live(ann), release(ann)).event).toMatchObject({ kind: 'release', owner: 'ann', from: undefined })
    expect(change(expired(bob), release(ann)).event).toEqual({ kind: 'clear', owner: 'ann', from: 'bob', fence: 7 })
  })
})

describe('two processes under one owner name', () => {
  const twin: Holder = { owner: 'ann', session: 'one' }
  const other: Holder = { owner: 'ann', session: 'two' }

  it('are strangers to each other while the lease runs', () => {
    for (const stranger of [other, ann]) {
      expect(summarize(decideNow(live(twin), claim(stranger)))).toBe(HELD)
      expect(summarize(decideNow(live(twin), heartbeat(stranger)))).toBe(NOT_HELD)
      expect(summarize(decideNow(live(twin), heartbeat(stranger, FENCE)))).toBe(NOT_HELD)
      expect(summarize(decideNow(live(twin), release(stranger)))).toBe(HELD)
    }
    expect(summarize(decideNow(live(ann), claim(twin)))).toBe(HELD)
  })

  it('are told apart by the session alone, and each is itself', () => {
    expect(summarize(decideNow(live(twin), claim(twin)))).toBe('renew, renew, fence 7')
    expect(summarize(decideNow(live(twin), heartbeat(twin, FENCE)))).toBe('heartbeat, heartbeat, fence 7')
    expect(summarize(decideNow(live(twin), release(twin, FENCE)))).toBe('released, release, fence 7')
  })

  it('steal from each other after the lapse, under a new fence', () => {
    expect(summarize(decideNow(expired(twin), claim(other)))).toBe('steal, steal from ann, fence 8')
    expect(change(expired(twin), claim(other)).next.tenure?.session).toBe('two')
  })

  it('do not share a session across owners', () => {
    expect(summarize(decideNow(live(twin), claim({ owner: 'bob', session: 'one' })))).toBe(HELD)
  })
})

describe('a clock that was set back', () => {
  const early = CHANGED_AT - 3_600_000

  it('counts as the moment of the last change', () => {
    const { next, at } = change(live(ann), heartbeat(ann), early)
    expect(at).toBe(CHANGED_AT)
    expect(next).toMatchObject({
      changedAt: CHANGED_AT,
      tenure: { renewedAt: CHANGED_AT, expiresAt: CHANGED_AT + LEASE_MS },
    })
  })

  it('does not bring an expired tenure back', () => {
    const lane = createLane(createTenure(bob, CHANGED_AT))
    expect(summarize(decide('feeds', lane, claim(ann), early))).toBe('steal, steal from bob, fence 8')
    expect(summarize(decide('feeds', lane, heartbeat(bob), early))).toBe(NOT_HELD)
  })

  it('is told to the caller in refusals, too', () => {
    expect(decide('feeds', live(bob), claim(ann), early)).toEqual({
      outcome: 'refused',
      refusal: 'lane_held',
      at: CHANGED_AT,
    })
    expect(decide('feeds', createLane(undefined), release(ann), early)).toEqual({
      outcome: 'unchanged',
      at: CHANGED_AT,
    })
  })
})

describe('the fence', () => {
  it('is never lowered over a life of claims, lapses, steals and releases', () => {
    const commandsOfALife = [claim(ann), heartbeat(ann), release(ann), claim(bob), claim(ann), claim(ann), release(bob)]
    const fences: number[] = []
    let lane: Lane | undefined
    let now = NOW
    for (const command of [...commandsOfALife, ...commandsOfALife]) {
      const decision = decide('feeds', lane, command, now)
      if ('next' in decision) lane = decision.next
      fences.push(lane?.fence ?? 0)
      // Long enough for the lease to lapse, every other time.
      now += fences.length % 2 === 0 ? LEASE_MS : 1
    }
    expect(fences).toEqual([...fences].sort((a, b) => a - b))
    expect(fences.at(-1)).toBeGreaterThan(4)
  })

  it('of a tenure that was never granted is refused, to a heartbeat and to a release', () => {
    expect(summarize(decideNow(undefined, heartbeat(ann, 3)))).toBe(LOST)
    expect(summarize(decideNow(undefined, release(ann, 3)))).toBe(LOST)
  })
})
