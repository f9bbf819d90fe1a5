import { describe, expect, it } from 'vitest'
import { decide, decideCredit, type Holder, type Lane, type LaneCommand } from './decide.ts'

const NOW = 10_000
const LEASE_MS = 1_000
const FENCE = 7

const ann: Holder = { owner: 'ann', session: undefined }
const bob: Holder = { owner: 'bob', session: undefined }

const claim = (note?: string): LaneCommand => ({ kind: 'claim', ...ann, leaseMs: LEASE_MS, note })
const heartbeat: LaneCommand = { kind: 'heartbeat', ...ann, leaseMs: LEASE_MS, fence: undefined }
const release = (note?: string, fence?: number): LaneCommand => ({ kind: 'release', ...ann, fence, note })

/** A lane that is held, with a note, until a moment; or free. */
function createLane(holder: Holder | undefined, expiresAt = NOW + 1): Lane {
  const moments = { claimedAt: NOW - 500, renewedAt: NOW - 500, expiresAt, leaseMs: LEASE_MS }
  const tenure = holder && { ...holder, note: 'reading', ...moments }
  return { name: 'feeds', fence: FENCE, rev: 12, tenure, changedAt: NOW - 500, last: undefined }
}

function change(lane: Lane | undefined, command: LaneCommand) {
  const decision = decide('feeds', lane, command, NOW)
  if (!('next' in decision)) throw new Error(`nothing changed: ${decision.outcome}`)
  return decision
}

describe('the note of a change', () => {
  it('is what the owner is doing, as long as the tenure lasts', () => {
    const claimed = change(undefined, claim('reading'))
    expect([claimed.event.note, claimed.next.tenure?.note]).toEqual(['reading', 'reading'])
    const held = createLane(ann)
    expect(change(held, heartbeat).event.note).toBe('reading')
    expect(change(held, claim()).event.note).toBe('reading')
    expect(change(held, claim('writing')).event.note).toBe('writing')
    expect(change(createLane(bob, NOW), claim()).event.note).toBeUndefined()
    expect(decideCredit(held, { aliveAt: NOW, maxMs: 500 }, NOW + 100)?.event.note).toBe('reading')
  })

  it('is, of a release and of a clearing, why, and none when nothing is said', () => {
    expect(change(createLane(ann), release('all read')).event).toMatchObject({ kind: 'release', note: 'all read' })
    expect(change(createLane(ann), release()).event.note).toBeUndefined()
    expect(change(createLane(bob, NOW), release('bob is gone')).event).toMatchObject({
      kind: 'clear',
      note: 'bob is gone',
    })
  })

  it('of a release changes nothing but what the history tells', () => {
    const lanes = [
      undefined,
      createLane(undefined),
      ...[ann, bob].flatMap((who) => [createLane(who), createLane(who, NOW)]),
    ]
    for (const lane of lanes) {
      for (const fence of [undefined, FENCE - 1, FENCE, FENCE + 1]) {
        const [said, silent] = ['why', undefined].map((note) => decide('feeds', lane, release(note, fence), NOW))
        expect({ ...said, event: undefined }).toEqual({ ...silent, event: undefined })
      }
    }
  })
})
