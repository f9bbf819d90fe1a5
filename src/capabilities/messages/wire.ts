import type * as z from 'zod'
import { toMoment } from '../../core/moment.ts'
import type { MessageRow } from '../log/index.ts'
import type { message } from './schemas.ts'

export function toWireMessage(row: MessageRow): z.output<typeof message> {
  const { id, topic, sender, body, action_flag, ts, recipient, thread_id, is_system, acked_by, acked_at, lane, fence } =
    row
  const ack = acked_by === null || acked_at === null ? {} : { acked_by, acked_at: toMoment(acked_at) }
  const address = { ...(recipient === null ? {} : { recipient }), ...(thread_id === null ? {} : { thread_id }) }
  const tenure = lane === null || fence === null ? {} : { lane, fence }
  const system = is_system === 1 ? { system: true } : {}
  const flags = { action_flag: action_flag === 1, ts: toMoment(ts) }
  return { id, topic, sender, body, ...flags, ...address, ...tenure, ...system, ...ack }
}

const texts = new WeakMap<MessageRow, string>()

/** The same as JSON. What is read again and again from memory is written once. */
export function writeMessage(row: MessageRow): string {
  let text = texts.get(row)
  if (text === undefined) {
    text = JSON.stringify(toWireMessage(row))
    texts.set(row, text)
  }
  return text
}
