import type { Transaction } from '../../core/database.ts'
import { InvariantViolation } from '../../core/invariant.ts'
import { createMemo } from '../../core/memo.ts'
import { getEventBounds } from './events-store.ts'
import { getMessageBounds } from './messages-store.ts'

type Sequence = 'message' | 'event'

/** The last ids that were taken, and those that were appended. Contiguous in commit order, since only one transaction at a time takes one. */
export const heads = createMemo(async (transaction) => {
  // Asked for together, for where others write as well this is what a turn begins with.
  const [messages, events] = await Promise.all([getMessageBounds(transaction), getEventBounds(transaction)])
  const last = { message: messages.headId, event: events.headId }
  return { taken: last, appended: { ...last } }
})

/** Takes the id that follows. */
export async function takeId(transaction: Transaction, sequence: Sequence): Promise<number> {
  const { taken } = await heads.recall(transaction)
  taken[sequence] += 1
  return taken[sequence]
}

/**
 * Refuses an id that does not follow the last one: readers go on after the last one that they saw, so whatever came below it
 * would be seen by nobody.
 *
 * @throws {InvariantViolation} Nothing of the transaction stays then.
 */
export async function assertAppended(transaction: Transaction, sequence: Sequence, id: number): Promise<void> {
  const { appended } = await heads.recall(transaction)
  const last = appended[sequence]
  if (id !== last + 1) {
    // Of a body that has written nothing yet nothing is taken back, and so nothing that it remembered.
    heads.forget(transaction)
    throw new InvariantViolation(`log.${sequence}-ids`, `id ${id} after ${last}`)
  }
  appended[sequence] = id
}
