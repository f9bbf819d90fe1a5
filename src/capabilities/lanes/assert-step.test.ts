import { describe, expect, it, onTestFinished } from 'vitest'
import { openDirectBus } from '../../../test/correctness/direct-bus.ts'
import { searchDecisions } from '../../../test/correctness/search.ts'
import { createFakeClock } from '../../../test/support/bus.ts'
import { bind, invoke } from '../../core/capability.ts'
import { createLog } from '../../log.ts'
import { assertStep } from './assert-step.ts'
import { change, toGrant } from './change.ts'
import * as contract from './contract.ts'
import { type Decision, decide, decideCredit, type Lane, type LaneCommand } from './decide.ts'

type Rule = typeof decide

/** A rule that decides as the right one does, and then changes what it decided. */
const spoil =
  (alter: (next: Lane, before: Lane | undefined) => Partial<Lane>): Rule =>
  (name, lane, command, now) => {
    const decision: Decision = decide(name, lane, command, now)
    return 'next' in decision ? { ...decision, next: { ...decision.next, ...alter(decision.next, lane) } } : decision
  }

const REQUEST_ID = '00000000-0000-4000-8000-00000000beef'

/** A lane that ann has held twice, and holds: its fence is 2. */
async function startHeld() {
  const clock = createFakeClock()
  const bus = await openDirectBus({
    path: ':memory:',
    createClock: () => clock.now,
    minLeaseMs: 10,
    maxLeaseMs: 60_000,
  })
  onTestFinished(bus.close)
  const logged: string[] = []
  const context = { ...bus.context, log: createLog((line) => logged.push(line)) }
  const input = { lane: 'feeds', owner: 'ann', session: 'one', lease_s: 60 }
  await bus.call('lanes.claim', input)
  await bus.call('lanes.release', input)
  await bus.call('lanes.claim', input)
  const read = async () => [
    await bus.call('lanes.get', { lane: 'feeds' }),
    await bus.call('lanes.history', { lane: 'feeds' }),
  ]
  const events = () => bus.call('events.read', { since_id: 0 })
  /** Claims or releases as a bus does whose rule is wrong. */
  const act = (rule: Rule, operation: 'claim' | 'release', owner: string, session: string) => {
    const claim = bind(contract.claim, ({ input: { lane, owner, session }, context: { write }, context: inner }) =>
      write(async (transaction) => {
        const command: LaneCommand =
          operation === 'claim'
            ? { kind: operation, owner, session, leaseMs: 60_000, note: undefined }
            : { kind: operation, owner, session, fence: undefined }
        const grant = toGrant(await change(transaction, inner, lane, command, rule))
        if (!grant) throw new Error('the wrong rule did not do it')
        return { ok: true as const, ...grant, lease_s: 60 }
      }),
    )
    const request = { requestId: REQUEST_ID, signal: new AbortController().signal, idempotencyKey: 'once' }
    return invoke(claim, { lane: 'feeds', owner, session }, context, request)
  }
  return { clock, logged, read, events, act, call: bus.call }
}

describe('a step that no rule may make', () => {
  it.each<
    [what: string, invariant: string, rule: Rule, who: readonly [string, string], operation: 'claim' | 'release']
  >([
    [
      'steals early',
      'lanes.one-holder',
      (name, lane, command, now) => decide(name, lane, command, now + 600_000),
      ['bob', 'two'],
      'claim',
    ],
    [
      'takes twins for one',
      'lanes.one-holder',
      (name, lane, command, now) =>
        decide(
          name,
          lane?.tenure ? { ...lane, tenure: { ...lane.tenure, session: command.session } } : lane,
          command,
          now,
        ),
      ['ann', 'two'],
      'claim',
    ],
    [
      'lets anybody release',
      'lanes.one-holder',
      (name, lane, command, now) =>
        decide(
          name,
          lane?.tenure ? { ...lane, tenure: { ...lane.tenure, owner: command.owner, session: command.session } } : lane,
          command,
          now,
        ),
      ['bob', 'two'],
      'release',
    ],
    [
      'clears what is live',
      'lanes.one-holder',
      (name, lane, command, now) => decide(name, lane, command, now + 600_000),
      ['bob', 'two'],
      'release',
    ],
    ['begins the fence again', 'lanes.fence-never-falls', spoil(() => ({ fence: 1 })), ['ann', 'one'], 'claim'],
    [
      'raises the fence for nothing',
      'lanes.fence-is-of-a-tenure',
      spoil(({ fence }) => ({ fence: fence + 1 })),
      ['ann', 'one'],
      'claim',
    ],
    ['forgets the rev', 'lanes.rev-rises', spoil((_, before) => ({ rev: before?.rev ?? 0 })), ['ann', 'one'], 'claim'],
    ['goes back in time', 'lanes.moments-never-fall', spoil(() => ({ changedAt: 5 })), ['ann', 'one'], 'claim'],
  ])(
    'is refused, leaves nothing, and raises an alarm without names: one that %s',
    async (_, invariant, rule, who, operation) => {
      const { read, events, logged, act } = await startHeld()
      const before = await read()
      const toldBefore = await events()
      await expect(act(rule, operation, ...who)).rejects.toMatchObject({
        code: 'invariant_violated',
        status: 500,
        message: expect.stringMatching(
          new RegExp(`^nothing was changed: .*${invariant}.* tell the person who runs it.*${REQUEST_ID}`),
        ),
      })
      expect(await read()).toEqual(before)
      expect(await events()).toEqual(toldBefore)
      expect(logged).toHaveLength(1)
      expect(JSON.parse(logged[0] ?? '')).toMatchObject({
        level: 'error',
        event: 'invariant violated',
        operation: 'lanes.claim',
        request_id: REQUEST_ID,
        invariant,
      })
      expect(logged.join()).not.toMatch(/\bann\b|\bbob\b/)
    },
  )

  it('is refused when it grants a free or a lapsed lane under the fence before', async () => {
    const keepFence = spoil((_, before) => ({ fence: before?.fence ?? 0 }))
    for (const end of ['release', 'lapse']) {
      const { act, call, clock, read } = await startHeld()
      if (end === 'release') await call('lanes.release', { lane: 'feeds', owner: 'ann', session: 'one' })
      else clock.advance(70_000)
      const before = await read()
      await expect(act(keepFence, 'claim', 'bob', 'two')).rejects.toMatchObject({
        code: 'invariant_violated',
        message: expect.stringContaining('lanes.grant-raises-fence'),
      })
      expect(await read()).toEqual(before)
    }
  })

  it('leaves the key of its request unused and the bus at work: the right rule does it then', async () => {
    const { act, logged, call, clock } = await startHeld()
    await expect(
      act(
        spoil(() => ({ fence: 1 })),
        'claim',
        'ann',
        'one',
      ),
    ).rejects.toMatchObject({ code: 'invariant_violated' })
    expect(await act(decide, 'claim', 'ann', 'one')).toMatchObject({ decision: 'renew', lane: { fence: 2 } })
    clock.advance(70_000)
    expect(await call('lanes.claim', { lane: 'feeds', owner: 'bob' })).toMatchObject({ body: { lane: { fence: 3 } } })
    expect(logged).toHaveLength(1)
  })
})

describe('assertStep', () => {
  it('refuses no step of the right rule, in all that two owners and their twins can bring about, and no credit', () => {
    let steps = 0
    const pass = <T>(before: Lane | undefined, step: T, now: number): T => {
      if (typeof step === 'object' && step !== null && 'next' in step && 'event' in step) {
        const { next, event } = step as T & Extract<Decision, { next: Lane }> // Of a decision as of a credit.
        assertStep(before, next, event.owner, now)
        steps += 1
      }
      return step
    }
    const { violations } = searchDecisions(
      (name, lane, command, now) => pass(lane, decide(name, lane, command, now), now),
      {
        owners: ['ann', 'bob'],
        credit: (lane, terms, now) => pass(lane, decideCredit(lane, terms, now), now),
      },
    )
    expect(violations).toEqual([])
    expect(steps).toBeGreaterThan(10_000)
  })

  it('takes a moment before the last change for that moment, as the rule does', () => {
    const lane: Lane = { name: 'feeds', fence: 1, rev: 1, tenure: undefined, changedAt: 1_000, last: undefined }
    const decision = decide(
      'feeds',
      lane,
      { kind: 'claim', owner: 'ann', session: undefined, leaseMs: 10, note: undefined },
      500,
    )
    if (!('next' in decision)) throw new Error('a free lane is granted')
    expect(() => assertStep(lane, decision.next, 'ann', 500)).not.toThrow()
  })
})
