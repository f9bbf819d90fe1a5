import type * as z from 'zod'
import { type Sql, sql } from '../../core/database.ts'
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

/** The same as JSON, of a message that is read again and again: it is written once. */
export function writeMessage(row: MessageRow): string {
  let text = texts.get(row)
  if (text === undefined) {
    text = JSON.stringify(toWireMessage(row))
    texts.set(row, text)
  }
  return text
}

/** Stands on both sides of a moment in a text of SQLite's, which takes nearly a microsecond to write one. No JSON has it. */
const MARK = '\u001f'
const MARKED = new RegExp(`${MARK}(\\d+)${MARK}`, 'g')

const moment = (column: Sql) =>
  sql`'"' || char(${MARK.charCodeAt(0)}) || ${column} || char(${MARK.charCodeAt(0)}) || '"'`

/** The same as SQLite writes it, for {@link finishText}. What is null is left out. */
export const WIRE_TEXT: Sql = sql`concat(
  '{"id":', id,
  ',"topic":', json_quote(topic),
  ',"sender":', json_quote(sender),
  ',"body":', json_quote(body),
  ',"action_flag":', iif(action_flag = 1, 'true', 'false'),
  ',"ts":', ${moment(sql`ts`)},
  iif(recipient is null, '', ',"recipient":' || json_quote(recipient)),
  iif(thread_id is null, '', ',"thread_id":' || thread_id),
  iif(lane is null, '', ',"lane":' || json_quote(lane) || ',"fence":' || fence),
  iif(is_system = 1, ',"system":true', ''),
  iif(acked_at is null, '', ',"acked_by":' || json_quote(acked_by) || ',"acked_at":' || ${moment(sql`acked_at`)}),
  '}')`

export function finishText(text: string): string {
  return text.replace(MARKED, (_, epochMs: string) => toMoment(Number(epochMs)))
}
