import type { Transaction } from '../../core/database.ts'
import { insertMessage, type MessageRow, takeMessageId } from './store.ts'

/** Wakes those who wait for a message. */
export const MESSAGES_CHANNEL = 'messages'

/** Appends one message to the log: the next id, the moment, and nobody has acknowledged it yet. */
export async function appendMessage(
  transaction: Transaction,
  message: Omit<MessageRow, 'id' | 'ts' | 'acked_by' | 'acked_at'>,
): Promise<MessageRow> {
  const id = await takeMessageId(transaction)
  const row: MessageRow = { ...message, id, ts: await transaction.now(), acked_by: null, acked_at: null }
  await insertMessage(transaction, row)
  transaction.notify(MESSAGES_CHANNEL)
  return row
}

/** Says something on behalf of the bus, under a name that callers may use as well: the flag tells it apart. */
export async function appendSystemMessage(
  transaction: Transaction,
  { topic, body, recipient }: { readonly topic: string; readonly body: string; readonly recipient: string },
): Promise<void> {
  await appendMessage(transaction, {
    topic,
    sender: 'bus',
    body,
    action_flag: 0,
    recipient,
    thread_id: null,
    is_system: 1,
  })
}
