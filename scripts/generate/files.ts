import { capabilities } from '../../src/capabilities/index.ts'
import { listOperations } from '../../src/core/capability.ts'
import { renderClientTable } from './client-table.ts'

/** Every generated file: its path from the root, and its text. */
export function renderFiles(): Map<string, string> {
  const operations = listOperations(capabilities).map(({ operation }) => operation)
  return new Map([['src/client/operations.gen.ts', renderClientTable(operations)]])
}
