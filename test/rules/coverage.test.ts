import { describe, expect, it } from 'vitest'
import { capabilities } from '../../src/capabilities/index.ts'
import { listOperations } from '../../src/core/capability.ts'
import { commonErrors } from '../../src/core/errors.ts'
import { findUntestedCodes, findUntestedOperations } from './support/coverage.ts'
import { readTree } from './support/tree.ts'

const operations = listOperations(capabilities).map(({ operation }) => operation)
const release = operations.filter(({ id }) => id === 'lanes.release')

/** The tests of what the product does; those of the rules name everything and prove nothing of it. */
const tests = [...readTree('src', '.test.ts'), ...readTree('test', '.test.ts')].filter(
  ({ path }) => !path.startsWith('test/rules/'),
)

const plant = (text: string) => [{ path: 'src/a.test.ts', text }]

describe('every operation', () => {
  it('has a describe with its id, and a test for each error that it declares', () => {
    expect(findUntestedOperations(operations, tests)).toEqual([])
  })

  it('is told when it has no describe, or only one of another id', () => {
    const missing = ["no describe('lanes.release'"]
    expect(findUntestedOperations(release, [])).toEqual(missing)
    expect(findUntestedOperations(release, plant("describe('lanes.releases', () => it('is lane_held'))"))).toEqual(
      missing,
    )
    expect(findUntestedOperations(release, plant("// describe('lanes.release')"))).toEqual(missing)
  })

  it('is told when a declared error is only spoken of in the tests of another, or in a comment', () => {
    const missing = ["no test in describe('lanes.release' speaks of lane_held"]
    const elsewhere =
      "describe('lanes.release', () => {\n  // lane_held\n})\ndescribe('lanes.claim', () => it('is lane_held'))"
    expect(findUntestedOperations(release, plant(elsewhere))).toEqual(missing)
    expect(findUntestedOperations(release, plant("describe('lanes.release', () => it('is lane_held'))"))).toEqual([])
  })
})

describe('every common error', () => {
  it('is spoken of in a test', () => {
    expect(findUntestedCodes(Object.keys(commonErrors), tests)).toEqual([])
  })

  it('is told when none does', () => {
    const codes = ['invalid_json', 'internal']
    expect(findUntestedCodes(codes, plant("it('answers internal', () => {}) // invalid_json"))).toEqual([
      'no test speaks of invalid_json',
    ])
  })
})
