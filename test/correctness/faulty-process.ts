import { join } from 'node:path'

const LAYER = join(import.meta.dirname, 'fixtures', 'faults.cjs')

export type ProcessFault = 'throw' | 'reject' | 'block' | 'hoard'

/** Makes a program bring about the fault each time it gets SIGUSR2. */
export function plantFault(fault: ProcessFault, blockMs = 0): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--require ${JSON.stringify(LAYER)}`, FAULT: fault, FAULT_BLOCK_MS: String(blockMs) }
}
