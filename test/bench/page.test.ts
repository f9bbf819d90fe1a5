import { describe, expect, it } from 'vitest'
import { renderPage, renderPlots } from '../../bench/support/page.ts'
import { chooseTicks } from '../../bench/support/plot.ts'
import { rate, type Section } from '../../bench/support/question.ts'
import type { RecordedAnswer } from '../../bench/support/record.ts'

function section(callers: number, perSecond: number): Section {
  const figure = { unit: '/s', lowest: 1, highest: 3_000, p50Ms: 1, p99Ms: 2, p999Ms: 3 } as const
  return {
    title: `${callers} callers`,
    scale: { of: 'callers', value: callers },
    figures: [
      { ...figure, name: 'bare echo', median: perSecond * 2 },
      { ...figure, name: 'post', median: perSecond },
    ],
  }
}

const writes: RecordedAnswer = {
  machine: '2 × CPU',
  system: 'Linux',
  node: '20.19.0',
  commit: 'abc',
  command: 'npm run bench',
  asks: 'How many?',
  targets: [{ name: 'post.ofEcho', says: 'posts, of the echo', atLeast: 0.6 }],
  sections: [section(1, 100), section(64, 2_000)],
  ratios: [rate('post.ofEcho', 0.5)],
}

describe('the page of what was measured', () => {
  it('has its blocks made anew, and nothing else', () => {
    const page = 'By hand.\n<!-- bench:targets -->\nold\n<!-- /bench -->\nBy hand, too.'
    const made = renderPage(page, { writes })
    expect(made).toBe(
      'By hand.\n<!-- bench:targets -->\n\n|  | Wanted | Measured |  |\n| --- | --- | --- | --- |\n| posts, of the echo | at least 0.6 × | 0.50 × | **not met** |\n\n<!-- /bench -->\nBy hand, too.',
    )
    expect(renderPage(made, { writes })).toBe(made)
  })

  it('has the callers as columns', () => {
    const made = renderPage('<!-- bench:figures writes -->\n<!-- /bench -->', { writes })
    expect(made).toContain('|  | 1 callers | 64 callers |')
    expect(made).toContain(
      '| post | 100/s (1.0 to 3,000)<br>1.00, 2.00, 3.00 | 2,000/s (1.0 to 3,000)<br>1.00, 2.00, 3.00 |',
    )
  })

  it('says what was not recorded', () => {
    expect(renderPage('<!-- bench:figures reads -->\n<!-- /bench -->', { writes })).toContain('Not recorded: reads')
  })

  it('has a picture of what was asked at several scales', () => {
    const plots = renderPlots({ writes })
    expect([...plots.keys()]).toEqual(['docs/images/bench-callers-rate.svg', 'docs/images/bench-callers-p99.svg'])
    expect(plots.get('docs/images/bench-callers-rate.svg')).toContain('>bare echo</text>')
  })

  it.each([
    [3, 40, [2, 5, 10, 20, 50]],
    [100, 100, [100]],
    [0.3, 0.9, [0.2, 0.5, 1]],
  ])('has ticks from below %d to above %d', (lowest, highest, ticks) => {
    expect(chooseTicks(lowest, highest)).toEqual(ticks)
  })
})
