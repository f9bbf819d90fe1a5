import type { Reader, Transaction } from '../../core/database.ts'
import type { Lane } from './decide.ts'
import { countOrphans, countTenures } from './store.ts'

export interface LaneCounts {
  readonly held: number
  readonly orphaned: number
}

/** How many lanes anybody has: to count a hundred thousand of them for each status takes milliseconds of everybody's time. */
const tenures = new WeakMap<object, number>()

/** How many lanes are held live, and how many orphaned. */
export async function readLaneCounts(reader: Reader, now: number): Promise<LaneCounts> {
  const { committed } = reader
  const all = (committed && tenures.get(committed)) ?? (await countTenures(reader))
  if (committed) tenures.set(committed, all)
  const orphaned = await countOrphans(reader, now)
  return { held: all - orphaned, orphaned }
}

/** Keeps the number true. */
export function rememberTenure(transaction: Transaction, before: Lane | undefined, after: Lane): void {
  const more = Number(after.tenure !== undefined) - Number(before?.tenure !== undefined)
  if (more === 0) return
  transaction.afterCommit((committed) => {
    const all = tenures.get(committed)
    if (all !== undefined) tenures.set(committed, all + more)
  })
}
