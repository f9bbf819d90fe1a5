import { describe } from 'vitest'
import type { StoreKind } from './suite.ts'
import { describeAppends } from './suite-append.ts'
import { describeLookups } from './suite-lookup.ts'

/** What an engine promises of rows that need no statement of their own. */
export function describeRows(name: string, kind: StoreKind): void {
  describe(`a row that is added in ${name}`, () => describeAppends(kind))
  describe(`a row that is looked up in ${name}`, () => describeLookups(kind))
}
