import type { Transaction } from '../../core/database.ts'
import { deleteSettledMessages, updateMessageFloor } from './messages-store.ts'
import { forgetRecent } from './recent.ts'

/** Drops those of the oldest messages that nobody waits for any more. The ids are all those up to the newest of them. */
export async function dropMessages(transaction: Transaction, ids: readonly number[]): Promise<void> {
  await deleteSettledMessages(transaction, ids)
  await updateMessageFloor(transaction, Math.max(0, ...ids))
  forgetRecent(transaction)
}
