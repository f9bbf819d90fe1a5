import { describe, expect, it } from 'vitest'
import { commonErrors, startErrors } from '../../src/core/errors.ts'
import { operations } from '../../src/product.ts'
import { readTree } from './support/tree.ts'
import { findUnexplainedCodes } from './support/troubleshooting.ts'

const codes = [
  ...new Set([
    ...operations.flatMap(({ errors }) => Object.keys(errors)),
    ...Object.keys(commonErrors),
    ...Object.keys(startErrors),
  ]),
]
const [page] = readTree('docs/guide', 'troubleshooting.md')

describe('docs/guide/troubleshooting.md', () => {
  it('says of every code of the product what it means and what to do, once', () => {
    expect(codes.length).toBeGreaterThan(30)
    expect(page && findUnexplainedCodes(codes, page)).toEqual([])
  })

  it('names every code that docs/reference/errors.md names', () => {
    const [reference] = readTree('docs/reference', 'errors.md')
    const named = [...(reference?.text.matchAll(/^\| `(\w+)`/gm) ?? [])].map(([, code]) => code)
    expect(named.toSorted()).toEqual(codes.toSorted())
  })

  it.each([
    ['| `lane_held` (409) | Held. | Wait. |', []],
    ['`lane_held` is when somebody holds it.', ['a.md has no row for lane_held']],
    ['| `lane_held` (409) | Held. | |', ['a.md says too little of lane_held']],
    ['| `lane_held` | Held. | Wait. |\n| `lane_held` | Held. | Ask. |', ['a.md has two rows for lane_held']],
    [
      '| `lane_held` | Held. | Wait. |\n| `lane_hold` | Held. | Wait. |',
      ['a.md explains lane_hold, which nobody answers with'],
    ],
  ])('is told of a breach: %s', (text, breaches) => {
    expect(findUnexplainedCodes(['lane_held'], { path: 'a.md', text })).toEqual(breaches)
  })
})
