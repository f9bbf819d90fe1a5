import type { z } from 'zod'
import { toMoment } from '../../core/moment.ts'
import type { message } from './schemas.ts'
import type { MessageRow } from './store.ts'

export function toWireMessage(row: MessageRow): z.output<typeof message> {
  const { id, topic, sender, body, action_flag, ts, recipient, thread_id, is_system, acked_by, acked_at } = row
  const ack = acked_by === null || acked_at === null ? {} : { acked_by, acked_at: toMoment(acked_at) }
  const address = { ...(recipient === null ? {} : { recipient }), ...(thread_id === null ? {} : { thread_id }) }
  const system = is_system === 1 ? { system: true } : {}
  return { id, topic, sender, body, action_flag: action_flag === 1, ts: toMoment(ts), ...address, ...system, ...ack }
}
