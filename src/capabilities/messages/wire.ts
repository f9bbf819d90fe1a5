import type { z } from 'zod'
import { toMoment } from '../../core/moment.ts'
import type { message } from './contract.ts'
import type { MessageRow } from './store.ts'

export function toWireMessage(row: MessageRow): z.output<typeof message> {
  const { id, topic, sender, body, action_flag, ts, acked_by, acked_at } = row
  const ack = acked_by === null || acked_at === null ? {} : { acked_by, acked_at: toMoment(acked_at) }
  return { id, topic, sender, body, action_flag: action_flag === 1, ts: toMoment(ts), ...ack }
}
