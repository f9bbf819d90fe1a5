import { describe, expect, it } from 'vitest'
import { decide, type Lane, type LaneCommand } from '../../src/capabilities/lanes/decide.ts'
import { limitMs, listRounds } from '../support/scale.ts'
import { type Entry, toAnswer } from './history.ts'
import { simulate } from './history-simulation.ts'
import { checkHistory } from './linearizability.ts'
import { takeSeed } from './random.ts'
import type { Mistakes } from './simulated-bus.ts'

const HISTORIES = 100
const OPERATIONS = 300

const ann = { owner: 'ann', session: 'one' }
const twin = { owner: 'ann', session: 'two' }

/** Entries that are sent and answered one after another, each decided at the moment given with it. */
function runInOrder(...commands: readonly (readonly [LaneCommand, number])[]): Entry[] {
  let lane: Lane | undefined
  return commands.map(([command, now], index) => {
    const decision = decide('x', lane, command, now)
    const answer = toAnswer(lane, decision)
    lane = 'next' in decision ? decision.next : lane
    return { lane: 'x', command, invokedAt: index * 10, returnedAt: index * 10 + 5, answer }
  })
}

const claimBy = (holder: typeof ann): LaneCommand => ({ kind: 'claim', ...holder, leaseMs: 20, note: undefined })
const releaseBy = (holder: typeof ann): LaneCommand => ({ kind: 'release', ...holder, fence: undefined })
const heartbeatBy = (holder: typeof ann): LaneCommand => ({
  kind: 'heartbeat',
  ...holder,
  leaseMs: 20,
  fence: undefined,
})

describe('the linearizability checker', () => {
  it('accepts answers whose order was another than that of their arrival', () => {
    const [granted, refused] = runInOrder([claimBy(ann), 100], [claimBy(twin), 105]) as [Entry, Entry] // Two commands.
    const history = [
      { ...refused, invokedAt: 0, returnedAt: 1 },
      { ...granted, invokedAt: 0.5, returnedAt: 9 },
    ]
    expect(checkHistory(history)).toEqual({ kind: 'ok', settled: 0 })
  })

  it('rejects an answer that tells of a command sent only later', () => {
    const [granted, refused] = runInOrder([claimBy(ann), 100], [claimBy(twin), 105]) as [Entry, Entry] // Two commands.
    const history = [
      { ...refused, invokedAt: 0, returnedAt: 1 },
      { ...granted, invokedAt: 2, returnedAt: 9 },
    ]
    expect(checkHistory(history)).toEqual({
      kind: 'illegal',
      explanation: [
        "lane 'x': 0 answers can be put in order.",
        'It is then rev 0, fence 0, free; it is 0 ms. None of these can be next:',
        '  claim by ann/two for 20 ms: answered lane_held; the rule says claim',
      ].join('\n'),
    })
  })

  it.each([
    ['the same tenure granted twice', [claimBy(ann), 100, claimBy(twin), 130], { fence: 1 }],
    ['a change that was not counted', [claimBy(ann), 100, heartbeatBy(ann), 105], { rev: 1 }],
    ['a lease that is longer than granted', [claimBy(ann), 100, heartbeatBy(ann), 105], { expiresAt: 126 }],
    ['a moment before the last one', [claimBy(ann), 100, claimBy(ann), 105], { renewedAt: 99 }],
    ['another holder', [claimBy(ann), 100, claimBy(twin), 105], { owner: 'bob' }],
  ] as const)('rejects %s', (_, [first, firstAt, second, secondAt], wrong) => {
    const entries = runInOrder([first, firstAt], [second, secondAt])
    expect(checkHistory(entries).kind).toBe('ok')
    const history = entries.map((entry, index) =>
      index === 0 || !entry.answer
        ? entry
        : { ...entry, answer: { ...entry.answer, lane: { ...entry.answer.lane, ...wrong } } },
    )
    expect(checkHistory(history).kind).toBe('illegal')
  })

  it('lets a command without an answer happen when something that came later tells of it', () => {
    const entries = runInOrder([claimBy(ann), 100], [releaseBy(ann), 105], [claimBy(twin), 106])
    const cut = entries.map((entry, index) => (index === 1 ? { ...entry, answer: undefined } : entry))
    expect(checkHistory(cut)).toEqual({ kind: 'ok', settled: 1 })
    expect(checkHistory(cut.filter(({ answer }) => answer)).kind).toBe('illegal')
  })

  it('lets a command without an answer never happen', () => {
    const entries = runInOrder([claimBy(ann), 100], [heartbeatBy(ann), 105])
    const cut: Entry = { lane: 'x', command: releaseBy(ann), invokedAt: 6, returnedAt: 7, answer: undefined }
    expect(checkHistory([...entries, cut])).toEqual({ kind: 'ok', settled: 0 })
  })

  it('finds the moment of a renewal that nobody saw', () => {
    const entries = runInOrder([claimBy(ann), 100], [heartbeatBy(ann), 115], [heartbeatBy(ann), 130])
    const cut = entries.map((entry, index) => (index === 1 ? { ...entry, answer: undefined } : entry))
    expect(checkHistory(cut)).toEqual({ kind: 'ok', settled: 1 })
  })

  it('says that it is undecided when the time is over', () => {
    expect(checkHistory(runInOrder([claimBy(ann), 100]), -1)).toEqual({ kind: 'undecided', lane: 'x' })
  })
})

/** Simulates histories until one is found illegal. */
function findIllegal(firstSeed: number, mistakes: Mistakes) {
  let settled = 0
  for (let seed = firstSeed; seed < firstSeed + HISTORIES; seed += 1) {
    const verdict = checkHistory(simulate(seed, OPERATIONS, mistakes).entries)
    if (verdict.kind === 'undecided') throw new Error(`undecided with seed ${seed}`)
    if (verdict.kind === 'illegal') return { seed, histories: seed - firstSeed + 1, explanation: verdict.explanation }
    settled += verdict.settled
  }
  return { histories: HISTORIES, settled, explanation: undefined }
}

describe('a simulated bus', () => {
  it.each(listRounds({ short: 1, long: 100 }))(
    'is found right when it is: round %i',
    { timeout: limitMs(20_000) },
    () => {
      const firstSeed = takeSeed()
      const startedAt = performance.now()
      const found = findIllegal(firstSeed, {})
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
      console.log(
        `simulated bus: ${HISTORIES * OPERATIONS} operations, ${found.settled} settled unknowns, ${seconds} s, seed ${firstSeed}`,
      )
      expect(found.explanation).toBeUndefined()
      expect(found.settled).toBeGreaterThan(0)
    },
  )

  const bugs: Readonly<Record<string, Mistakes>> = {
    'no row lock': { locksNothing: true },
    'early steal': {
      decide: (name, lane, command, now) => {
        const isOthers =
          lane?.tenure && (lane.tenure.owner !== command.owner || lane.tenure.session !== command.session)
        if (command.kind !== 'claim' || !isOthers || !lane.tenure) return decide(name, lane, command, now)
        return decide(name, { ...lane, tenure: { ...lane.tenure, expiresAt: lane.tenure.expiresAt - 1 } }, command, now)
      },
    },
    'fence ignored': {
      decide: (name, lane, command, now) =>
        decide(name, lane, command.kind === 'claim' ? command : { ...command, fence: undefined }, now),
    },
    'twins taken for one': {
      decide: (name, lane, command, now) => {
        const isNamesake = lane?.tenure?.owner === command.owner
        return decide(name, lane, isNamesake ? { ...command, session: lane.tenure?.session } : command, now)
      },
    },
    'row deleted on release': { deletesOnRelease: true },
    'clock read before the lock': { readsClockBeforeLock: true },
  }

  it.each(Object.entries(bugs))('is found wrong: %s', (name, mistakes) => {
    const firstSeed = takeSeed()
    const { seed, histories, explanation } = findIllegal(firstSeed, mistakes)
    const reason = explanation?.split('\n').at(-1)?.trim()
    console.log(
      `${name}: caught in history ${histories} of ${OPERATIONS} operations, seed ${seed ?? firstSeed}: ${reason}`,
    )
    expect(explanation).toBeDefined()
  })
})
