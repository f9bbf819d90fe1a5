import { describe, expect, it } from 'vitest'
import { decide } from '../../src/capabilities/lanes/decide.ts'
import { limitMs, listRounds } from '../support/scale.ts'
import { simulate } from './history-simulation.ts'
import { checkHistory } from './linearizability.ts'
import { takeSeed } from './random.ts'
import { simulateSets } from './sets-simulation.ts'
import type { Mistakes } from './simulated-bus.ts'

const HISTORIES = 200
const ROUNDS = listRounds({ short: 1, long: 100 })
const OPERATIONS = 300
const WAITS = { share: 0.7, minMs: 5, maxMs: 80 }

/** Simulates histories until one is found wrong, and says why. */
function findWrong(firstSeed: number, mistakes: Mistakes) {
  let waited = 0
  for (let seed = firstSeed; seed < firstSeed + HISTORIES; seed += 1) {
    const { entries, unfair } = simulate(seed, OPERATIONS, mistakes, WAITS)
    const verdict = checkHistory(entries)
    const wrong = verdict.kind === 'ok' ? unfair[0] : verdict.kind === 'illegal' ? verdict.explanation : 'undecided'
    if (wrong !== undefined) return { histories: seed - firstSeed + 1, waited, wrong }
    waited += entries.filter(({ waitMs }) => waitMs).length
  }
  return { histories: HISTORIES, waited, wrong: undefined }
}

describe('a simulated bus whose callers wait', () => {
  it.each(ROUNDS)('is found right when it is: round %i', { timeout: limitMs(60_000) }, () => {
    const firstSeed = takeSeed()
    const startedAt = performance.now()
    const { histories, waited, wrong } = findWrong(firstSeed, {})
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    console.log(
      `waits, simulated: ${histories} histories of ${OPERATIONS} operations, ${waited} claims with a wait, ${seconds} s, seed ${firstSeed}`,
    )
    expect(wrong).toBeUndefined()
  })

  const bugs: Readonly<Record<string, Mistakes>> = {
    'barging past a waiter': {
      decide: (name, lane, command, now) =>
        decide(name, lane, command.kind === 'claim' ? { ...command, waitersAhead: 0 } : command, now),
    },
    'no re-check after a wait': { trustsOldGrants: true },
    'no row lock': { locksNothing: true },
  }

  it.each(Object.entries(bugs))('is found wrong: %s', (name, mistakes) => {
    const firstSeed = takeSeed()
    const { histories, wrong } = findWrong(firstSeed, mistakes)
    console.log(`${name}: caught in history ${histories}, seed ${firstSeed}: ${wrong?.split('\n').at(-1)?.trim()}`)
    expect(wrong).toBeDefined()
  })
})

describe('a simulated bus that locks the lanes of a set one by one', () => {
  const SETS = 200

  /** Histories until one in which some requests wait for each other for ever. */
  function findStuck(firstSeed: number, isSorted: boolean) {
    for (let seed = firstSeed; seed < firstSeed + HISTORIES; seed += 1) {
      const stuck = simulateSets(seed, SETS, isSorted)
      if (stuck.length > 0) return { histories: seed - firstSeed + 1, stuck }
    }
    return { histories: HISTORIES, stuck: [] }
  }

  it.each(ROUNDS)('answers every request when all go in one order: round %i', { timeout: limitMs(60_000) }, () => {
    const firstSeed = takeSeed()
    const { histories, stuck } = findStuck(firstSeed, true)
    console.log(`sets, simulated: ${histories} histories of ${SETS} sets, seed ${firstSeed}`)
    expect(stuck).toEqual([])
  })

  it('is found wrong: unsorted bulk', () => {
    const firstSeed = takeSeed()
    const { histories, stuck } = findStuck(firstSeed, false)
    console.log(`unsorted bulk: caught in history ${histories}, seed ${firstSeed}: ${stuck.join('; ')}`)
    expect(stuck).not.toEqual([])
  })
})
