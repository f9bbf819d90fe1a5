import type { Transaction } from '../../core/database.ts'
import { InvariantViolation } from '../../core/invariant.ts'
import { createMemo } from '../../core/memo.ts'
import { getEventBounds } from './events-store.ts'
import { getMessageBounds } from './messages-store.ts'

type Sequence = 'message' | 'event'

/** The last ids: those that were taken, and those that were appended under. */
interface Heads {
  readonly taken: Record<Sequence, number>
  readonly appended: Record<Sequence, number>
}

/** Contiguous in commit order, since only one transaction at a time takes an id. */
export const heads = createMemo(async (transaction): Promise<Heads> => {
  // Asked for together, for where others write as well this is what a turn begins with.
  const [messages, events] = await Promise.all([getMessageBounds(transaction), getEventBounds(transaction)])
  const last = { message: messages.headId, event: events.headId }
  return { taken: last, appended: { ...last } }
})

/** Takes the id that follows. */
export function takeId({ taken }: Heads, sequence: Sequence): number {
  taken[sequence] += 1
  return taken[sequence]
}

/**
 * Refuses an id that does not follow the last one: readers go on after the last one that they saw, so whatever came below it
 * would be seen by nobody.
 *
 * @throws {InvariantViolation} Nothing of the transaction stays then.
 */
export function assertAppended(transaction: Transaction, { appended }: Heads, sequence: Sequence, id: number): void {
  const last = appended[sequence]
  if (id !== last + 1) {
    // Of a body that has written nothing yet nothing is taken back, and so nothing that it remembered.
    heads.forget(transaction)
    throw new InvariantViolation(`log.${sequence}-ids`, `id ${id} after ${last}`)
  }
  appended[sequence] = id
}
