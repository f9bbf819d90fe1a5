import { describe, expect, it } from 'vitest'
import { capabilities } from '../../src/capabilities/index.ts'
import { listOperations } from '../../src/core/capability.ts'
import { commonErrors } from '../../src/core/errors.ts'
import { findUntestedCodes, findUntestedOperations } from './support/coverage.ts'
import { readTree } from './support/tree.ts'

const operations = listOperations(capabilities).map(({ operation }) => operation)
const getLane = operations.filter(({ id }) => id === 'lanes.get')

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
    const missing = ["no describe('lanes.get'"]
    expect(findUntestedOperations(getLane, [])).toEqual(missing)
    expect(findUntestedOperations(getLane, plant("describe('lanes.gets', () => it('is lane_not_found'))"))).toEqual(
      missing,
    )
    expect(findUntestedOperations(getLane, plant("// describe('lanes.get')"))).toEqual(missing)
  })

  it('is told when a declared error is only spoken of in the tests of another, or in a comment', () => {
    const missing = ["no test in describe('lanes.get' speaks of lane_not_found"]
    const elsewhere =
      "describe('lanes.get', () => {\n  // lane_not_found\n})\ndescribe('lanes.claim', () => it('is lane_not_found'))"
    expect(findUntestedOperations(getLane, plant(elsewhere))).toEqual(missing)
    expect(findUntestedOperations(getLane, plant("describe('lanes.get', () => it('is lane_not_found'))"))).toEqual([])
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
