import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { alone, measure, quantile, sample, summarize } from '../../bench/support/measure.ts'

describe('measuring', () => {
  it('gives everybody a turn in every round, the first of which does not count', async () => {
    const turns: string[] = []
    const call = (name: string) => async () => {
      if (turns.at(-1) !== name) turns.push(name)
      await sleep(1)
    }
    const figures = await measure(alone(1, { one: call('one'), other: call('other') }), { rounds: 2, seconds: 0.01 })
    expect(turns).toEqual(['one', 'other', 'one', 'other', 'one', 'other'])
    expect(figures.all.map(({ name, unit }) => [name, unit])).toEqual([
      ['one', '/s'],
      ['other', '/s'],
    ])
    expect(figures.ratio('one', 'one')).toBe(1)
  })

  it('lets those of one turn run at the same time', async () => {
    let underWay = 0
    let most = 0
    const call = async () => {
      underWay += 1
      most = Math.max(most, underWay)
      await sleep(2)
      underWay -= 1
    }
    const turn = ['one', 'other'].map((name) => ({ name, callers: 2, call }))
    await measure([turn], { rounds: 1, seconds: 0.02 })
    expect(most).toBe(4)
  })

  it('takes what a call says of itself, in turns, without those that warm up', async () => {
    let next = 0
    const figures = await sample({ one: async () => next++ }, 3, { warmUps: 2 })
    expect(figures.of('one')).toMatchObject({ median: 3, lowest: 2, highest: 4, unit: 'ms' })
  })

  it('names a figure that nobody measured', async () => {
    const figures = await sample({ one: async () => 1 }, 1)
    expect(() => figures.of('other')).toThrow('other')
  })

  it('tells one in a thousand only of a thousand', () => {
    const values = (count: number) => Array.from({ length: count }, (_, index) => index)
    expect(summarize('few', values(99))).not.toHaveProperty('p99Ms')
    expect(summarize('some', values(999))).not.toHaveProperty('p999Ms')
    expect(summarize('many', values(1_000))).toMatchObject({ p50Ms: 500, p99Ms: 990, p999Ms: 999 })
    expect(quantile([], 0.5)).toBe(0)
  })
})
