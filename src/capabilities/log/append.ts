import type { Transaction } from '../../core/database.ts'
import { type EventKind, insertEvent } from './events-store.ts'
import { assertAppended, heads, takeId } from './heads.ts'
import { insertMessage, type MessageRow, updateAck } from './messages-store.ts'
import { rememberAppended, rememberChanged } from './recent.ts'

/** Wakes those who wait for a message. */
export const MESSAGES_CHANNEL = 'messages'

/** Wakes those who wait for anything to happen. */
export const EVENTS_CHANNEL = 'events'

/** Appends one message: the next id, the moment, and nobody has acknowledged it yet. */
export async function appendMessage(
  transaction: Transaction,
  message: Omit<MessageRow, 'id' | 'ts' | 'acked_by' | 'acked_at'>,
): Promise<MessageRow> {
  // Written out: to spread the message cost 5 µs, more than all the rest of this.
  const { topic, sender, body, action_flag, recipient, thread_id, lane, fence, is_system } = message
  const last = await heads.recall(transaction)
  const id = takeId(last, 'message')
  const ts = await transaction.now()
  const row: MessageRow = {
    id,
    topic,
    sender,
    body,
    action_flag,
    ts,
    recipient,
    thread_id,
    lane,
    fence,
    is_system,
    acked_by: null,
    acked_at: null,
  }
  assertAppended(transaction, last, 'message', id)
  await insertMessage(transaction, row)
  rememberAppended(transaction, row)
  await appendEvent(transaction, 'message', topic, id, ts)
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
    lane: null,
    fence: null,
    is_system: 1,
  })
}

/** Marks a message as acknowledged. */
export async function acknowledgeMessage(
  transaction: Transaction,
  row: MessageRow,
  ackedBy: string,
): Promise<MessageRow> {
  const ackedAt = await transaction.now()
  await updateAck(transaction, row.id, ackedBy, ackedAt)
  await appendEvent(transaction, 'ack', row.topic, row.id, ackedAt)
  const acked: MessageRow = { ...row, acked_by: ackedBy, acked_at: ackedAt }
  rememberChanged(transaction, acked)
  return acked
}

/** Gives what happened the next place in the one sequence, and wakes its readers. */
export async function appendEvent(
  transaction: Transaction,
  kind: EventKind,
  subject: string,
  ref: number,
  at: number,
): Promise<void> {
  const last = await heads.recall(transaction)
  const id = takeId(last, 'event')
  assertAppended(transaction, last, 'event', id)
  await insertEvent(transaction, { id, kind, subject, ref, at })
  transaction.notify(EVENTS_CHANNEL)
}
