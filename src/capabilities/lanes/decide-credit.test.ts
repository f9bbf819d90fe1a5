import { describe, expect, it } from 'vitest'
import { decideCredit, type Lane, type Tenure } from './decide.ts'

const NOW = 1_000_000
const DIED_AT = NOW - 600_000
const MAX_MS = 30_000
const LEASE_MS = 60_000

function createTenure(expiresAt: number, leaseMs: number): Tenure {
  const claimedAt = DIED_AT - 9_000
  return { owner: 'ann', session: 'one', note: 'mine', claimedAt, renewedAt: DIED_AT - 4_000, expiresAt, leaseMs }
}

function createLane(tenure: Tenure | undefined): Lane {
  const last = { owner: 'bob', fence: 6, end: 'stolen' } as const
  return { name: 'feeds', fence: 7, rev: 20, tenure, changedAt: DIED_AT - 4_000, last }
}

const lane = (expiresAt: number, leaseMs = LEASE_MS) => createLane(createTenure(expiresAt, leaseMs))

describe('the credit after an outage', () => {
  const credit = (lane: Lane) => decideCredit(lane, { aliveAt: DIED_AT, maxMs: MAX_MS }, NOW)

  it.each([
    ['lapsed during the outage', DIED_AT + 1, LEASE_MS, MAX_MS],
    ['lapsed during the outage, after a lease shorter than the credit', DIED_AT + 1, 5_000, 5_000],
    ['is about to lapse', NOW + 1, LEASE_MS, MAX_MS],
  ])('gives a tenure that %s the smaller of its lease and the limit', (_, expiresAt, leaseMs, creditMs) => {
    const before = lane(expiresAt, leaseMs)
    expect(credit(before)).toEqual({
      next: {
        ...before,
        rev: 21,
        changedAt: NOW,
        tenure: createTenure(NOW + creditMs, leaseMs),
      },
      event: { kind: 'credit', owner: 'ann', from: undefined, fence: 7, note: 'mine' },
    })
  })

  it.each([
    ['that was over at the last sign of life', lane(DIED_AT)],
    ['that runs as long as the credit would', lane(NOW + MAX_MS)],
    ['that is not there', createLane(undefined)],
  ])('leaves a tenure %s as it is', (_, before) => {
    expect(credit(before)).toBeUndefined()
  })

  it('begins no earlier than the lane’s last change', () => {
    const before = { ...lane(NOW + 1), changedAt: NOW + 10 }
    expect(credit(before)?.next).toMatchObject({ changedAt: NOW + 10, tenure: { expiresAt: NOW + 10 + MAX_MS } })
  })
})
