import { describe, expect, it } from 'vitest'
import { type Rule, ruleNames } from '../../../test/correctness/lane-rules.ts'
import { type Decide, type DecideCredit, searchDecisions } from '../../../test/correctness/search.ts'
import { limitMs, scale } from '../../../test/support/scale.ts'
import { type Decision, decide, decideCredit, type Lane } from './decide.ts'

type Change = Extract<Decision, { next: Lane }>

/** The right rule, but for what it makes of the lane where it changes it. */
function changing(outcomes: readonly Decision['outcome'][], edit: (change: Change) => Partial<Lane>): Decide {
  return (name, lane, command, now) => {
    const decision = decide(name, lane, command, now)
    if (!('next' in decision) || !outcomes.includes(decision.outcome)) return decision
    return { ...decision, next: { ...decision.next, ...edit(decision) } }
  }
}

/** Rules with one mistake each, and the promise that it breaks. */
const mistakes: readonly { readonly name: string; readonly breaks: Rule; readonly decide: Decide }[] = [
  {
    name: 'steals one millisecond early',
    breaks: 'a live tenure is changed by its own holder only',
    decide: (name, lane, command, now) => decide(name, lane, command, command.kind === 'claim' ? now + 1 : now),
  },
  {
    name: 'takes two processes under one name for one',
    breaks: 'a live tenure is changed by its own holder only',
    decide: (name, lane, command, now) => {
      const isNamesake = lane?.tenure?.owner === command.owner
      return decide(name, lane, isNamesake ? { ...command, session: lane.tenure?.session } : command, now)
    },
  },
  {
    name: 'renews one millisecond late',
    breaks: 'a heartbeat never begins a tenure',
    decide: (name, lane, command, now) => decide(name, lane, command, command.kind === 'heartbeat' ? now - 1 : now),
  },
  {
    name: 'ignores the fence',
    breaks: 'a command that names an older fence changes nothing',
    decide: (name, lane, command, now) =>
      decide(name, lane, command.kind === 'claim' ? command : { ...command, fence: undefined }, now),
  },
  {
    name: 'forgets the lane on release, so that its fence starts again',
    breaks: 'a change of tenure raises the fence by one, and nothing else touches it',
    decide: changing(['released'], () => ({ fence: 0 })),
  },
  {
    name: 'raises the fence on renewal',
    breaks: 'a change of tenure raises the fence by one, and nothing else touches it',
    decide: changing(['renew'], ({ next, lapsed }) => ({ fence: lapsed ? next.fence : next.fence + 1 })),
  },
  {
    name: 'lets a lapsed holder go on as if nothing had happened',
    breaks: 'a change of tenure raises the fence by one, and nothing else touches it',
    decide: changing(['renew'], ({ next, lapsed }) => ({ fence: lapsed ? next.fence - 1 : next.fence })),
  },
  {
    name: 'does not count a heartbeat as a change',
    breaks: 'every change raises the rev by one',
    decide: changing(['heartbeat'], ({ next }) => ({ rev: next.rev - 1 })),
  },
  {
    name: 'believes a clock that was set back',
    breaks: 'time never runs backwards for a lane',
    decide: (name, lane, command, now) => decide(name, lane && { ...lane, changedAt: now }, command, now),
  },
  {
    name: 'grants a lease that is over when it is granted',
    breaks: 'a lease ends after its renewal, as late as was asked',
    decide: changing(['claim'], ({ next, at }) => ({ tenure: next.tenure && { ...next.tenure, expiresAt: at } })),
  },
  {
    name: 'leaves a stolen lane with the one it was stolen from',
    breaks: 'whoever is granted the lane holds it',
    decide: changing(['steal'], ({ next, event }) => ({
      tenure: next.tenure && { ...next.tenure, owner: event.from ?? '' },
    })),
  },
  {
    name: 'forgets whose tenure ended',
    breaks: 'the tenure that ended is the last one',
    decide: changing(['steal'], () => ({ last: undefined })),
  },
  {
    name: 'refuses whoever finds an orphaned claim',
    breaks: 'a claim is refused only while another holds the lane live, or waited for it before',
    decide: (name, lane, command, now) => {
      const decision = decide(name, lane, command, now)
      return decision.outcome === 'steal' ? { outcome: 'refused', refusal: 'lane_held', at: decision.at } : decision
    },
  },
  {
    name: 'does not look at the queue',
    breaks: 'nobody passes one who waited before',
    decide: (name, lane, command, now) =>
      decide(name, lane, command.kind === 'claim' ? { ...command, waitersAhead: 0 } : command, now),
  },
  {
    name: 'refuses a heartbeat that names its own fence',
    breaks: 'a live holder can always renew',
    decide: (name, lane, command, now) =>
      command.kind === 'heartbeat' && command.fence !== undefined
        ? { outcome: 'refused', refusal: 'lease_lost', at: Math.max(now, lane?.changedAt ?? now) }
        : decide(name, lane, command, now),
  },
  {
    name: 'lets nobody clear an orphaned claim',
    breaks: 'a release ends a tenure that is its own or over, and no other',
    decide: (name, lane, command, now) => {
      const decision = decide(name, lane, command, now)
      return 'event' in decision && decision.event.kind === 'clear'
        ? { outcome: 'unchanged', at: decision.at }
        : decision
    },
  },
  {
    name: 'tells the history of what did not happen',
    breaks: 'a decision without a change has neither a next lane nor an event',
    decide: (name, lane, command, now) => {
      const decision = decide(name, lane, command, now)
      return decision.outcome === 'refused' ? Object.assign(decision, { event: undefined }) : decision
    },
  },
]

type Credit = NonNullable<ReturnType<DecideCredit>>

/** The right credit, but for what it makes of the lane. */
function crediting(edit: (credit: Credit, lane: Lane, now: number) => Partial<Lane>): DecideCredit {
  return (lane, terms, now) => {
    const credit = decideCredit(lane, terms, now)
    return credit && { ...credit, next: { ...credit.next, ...edit(credit, lane, now) } }
  }
}

/** Credits with one mistake each, and the promise that it breaks. */
const wrongCredits: readonly { readonly name: string; readonly breaks: Rule; readonly credit: DecideCredit }[] = [
  {
    name: 'to one whose lease was over at the last sign of life',
    breaks: 'a credit goes to nobody whose lease was over before the outage',
    credit: (lane, terms, now) => decideCredit(lane, { ...terms, aliveAt: terms.aliveAt - 1 }, now),
  },
  {
    name: 'that shortens a long lease',
    breaks: 'after an outage a holder has the credit at least, and no lease is shorter or longer for it',
    credit: (lane, terms, now) => {
      const lapsed = lane.tenure && { ...lane, tenure: { ...lane.tenure, expiresAt: terms.aliveAt + 1 } }
      const isLive = lane.tenure !== undefined && lane.tenure.expiresAt > terms.aliveAt
      return isLive && lapsed ? decideCredit(lapsed, terms, now) : undefined
    },
  },
  {
    name: 'that is longer than the lease',
    breaks: 'after an outage a holder has the credit at least, and no lease is shorter or longer for it',
    credit: (lane, terms, now) =>
      decideCredit(lane.tenure ? { ...lane, tenure: { ...lane.tenure, leaseMs: terms.maxMs } } : lane, terms, now),
  },
  {
    name: 'only to one whose lease is over by now',
    breaks: 'after an outage a holder has the credit at least, and no lease is shorter or longer for it',
    credit: (lane, terms, now) =>
      lane.tenure && lane.tenure.expiresAt > now ? undefined : decideCredit(lane, terms, now),
  },
  {
    name: 'that begins a new tenure',
    breaks: 'a credit moves the end of the lease, and nothing else of the lane',
    credit: crediting(({ next }) => ({ fence: next.fence + 1 })),
  },
  {
    name: 'that counts as a renewal',
    breaks: 'a credit moves the end of the lease, and nothing else of the lane',
    credit: crediting(({ next }, _, now) => ({ tenure: next.tenure && { ...next.tenure, renewedAt: now } })),
  },
  {
    name: 'that the rev does not tell',
    breaks: 'a credit is a change of its own, told in the holder’s name',
    credit: crediting((_, { rev }) => ({ rev })),
  },
]

describe('the rule of the lane, searched exhaustively', () => {
  const owners = ['ann', 'bob', 'cid', 'dan', 'eve', 'fay', 'gus', 'hal'].slice(0, scale({ short: 3, long: 8 }))

  it(`keeps every promise in all that ${owners.length} owners and their twins can bring about`, {
    timeout: limitMs(20_000),
  }, () => {
    const { decisions, lanes, violations } = searchDecisions(decide, { owners })
    console.log(
      `search: ${owners.length} owners, ${decisions} decisions on ${lanes} lanes, ${violations.length} violations`,
    )
    expect(violations).toEqual([])
    expect(decisions).toBeGreaterThanOrEqual(90_000)
  })

  for (const { name, breaks, decide: wrongDecide } of mistakes) {
    it(`finds out a rule that ${name}`, () => {
      const { violations } = searchDecisions(wrongDecide, { enough: breaks })
      expect(violations.map(({ rule }) => rule)).toContain(breaks)
    })
  }

  for (const { name, breaks, credit } of wrongCredits) {
    it(`finds out a credit ${name}`, () => {
      const { violations } = searchDecisions(decide, { enough: breaks, credit })
      expect(violations.map(({ rule }) => rule)).toContain(breaks)
    })
  }

  it('was seen to fail on every promise', () => {
    expect(new Set([...mistakes, ...wrongCredits].map(({ breaks }) => breaks))).toEqual(new Set(ruleNames))
  })

  it('tells the shortest way to a broken promise', () => {
    const early: Decide = (name, lane, command, now) => decide(name, lane, command, now + 1)
    const rule = 'a live tenure is changed by its own holder only'
    const { violations } = searchDecisions(early, { enough: rule })
    expect(violations.find((violation) => violation.rule === rule)?.steps).toEqual([
      'claim by ann for 2 ms, 0 ms after the last change',
      'claim by ann (twin) for 2 ms, 1 ms after the last change',
    ])
  })
})
