import type { Transaction } from './database.ts'

/** What one transaction found out or made, so that the next ones need not ask for it again. */
export interface Memo<T extends object> {
  /** What is remembered: found out now where nothing is. Whoever changes the store keeps it true. */
  recall(transaction: Transaction): Promise<T>
  /** What is remembered proved wrong: it is found out anew. */
  forget(transaction: Transaction): void
}

/**
 * Remembers what `load` found for as long as it can only have been changed by who recalls it: until one of those was
 * taken back, or another process had its turn at the database.
 */
export function createMemo<T extends object>(load: (transaction: Transaction) => Promise<T>): Memo<T> {
  const remembered = new WeakMap<object, T>()
  return {
    recall: async (transaction) => {
      const known = remembered.get(transaction.memory)
      if (known) return known
      const { memory } = transaction
      const found = await load(transaction)
      remembered.set(memory, found)
      return found
    },
    forget: (transaction) => {
      remembered.delete(transaction.memory)
    },
  }
}
