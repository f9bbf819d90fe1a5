import { describe, expect, it } from 'vitest'
import { cost, rate } from '../../bench/support/question.ts'
import { findRegressions } from '../../bench/support/regressions.ts'

describe('a ratio of this run beside the recorded one', () => {
  it('is told when more is better and it fell by more than a quarter', () => {
    expect(findRegressions([rate('post.64.ofEcho', 0.4)], [rate('post.64.ofEcho', 0.6)])).toEqual([
      'post.64.ofEcho is 0.400, recorded is 0.600: worse by 50 %',
    ])
  })

  it('is told when less is better and it rose by more than a quarter', () => {
    expect(findRegressions([cost('status.ofHot', 2.6)], [cost('status.ofHot', 2)])).toEqual([
      'status.ofHot is 2.60, recorded is 2.00: worse by 30 %',
    ])
  })

  it.each([
    ['a rate that fell by a quarter', rate('a', 0.8), rate('a', 1)],
    ['a cost that rose by a quarter', cost('a', 1.25), cost('a', 1)],
    ['a rate that rose', rate('a', 9), rate('a', 1)],
    ['a cost that fell', cost('a', 0.1), cost('a', 1)],
    ['an absolute figure, which is the machine’s', cost('a', 90, 'ms'), cost('a', 1, 'ms')],
    ['one that was never recorded', rate('a', 0.1), rate('b', 1)],
  ])('is not told: %s', (_, now, before) => {
    expect(findRegressions([now], [before])).toEqual([])
  })

  it('is told when nothing came of it at all', () => {
    expect(findRegressions([rate('a', 0)], [rate('a', 1)])).toEqual(['a is 0.00, recorded is 1.00: worse by all of it'])
  })
})
