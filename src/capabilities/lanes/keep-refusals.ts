import type { Chore } from '../../core/capability.ts'
import type { BusContext } from '../../core/context.ts'
import { tallyOf } from './refusal-tally.ts'
import { upsertRefusals } from './refusals-store.ts'

/**
 * Keeps what was tallied since the last time: one write, however often anybody was refused. When the store does not take
 * it, it goes with the next ones; that may count twice what was kept although nobody heard so.
 */
export async function flushRefusals({ database }: Pick<BusContext, 'database'>): Promise<void> {
  const tally = tallyOf(database)
  const entries = tally.take()
  if (entries.length === 0) return
  try {
    await database.write(async (transaction) => {
      const now = await transaction.now()
      // By the store's clock, which nobody was made to read when it happened. Both stopwatch and clock are read once, for
      // a refusal's first moment must not come out after its last.
      const sinceZero = tally.sinceMs(0)
      const toMoment = (moment: number) => Math.round(now - (sinceZero - moment))
      const rows = entries.map(({ heldBy, firstAt, lastAt, ...entry }) => ({
        ...entry,
        held_by: heldBy ?? null,
        first_at: toMoment(firstAt),
        last_at: toMoment(lastAt),
      }))
      await upsertRefusals(transaction, rows)
    })
  } catch (error) {
    tally.putBack(entries)
    throw error
  }
}

export const keepRefusals: Chore = { name: 'lanes.keep-refusals', everyMs: 1_000, run: flushRefusals }
