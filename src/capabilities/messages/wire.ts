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

/** On both sides of a moment in a text of SQLite's, which takes nearly a microsecond to write one. No JSON has it. */
const MARK = '\u001f'

/** The same as SQLite writes it, for {@link readTexts}. What is null is left out; most messages have none of it. */
export const WIRE_TEXT: Sql = sql`concat(
  '{"id":', id,
  ',"topic":', json_quote(topic),
  ',"sender":', json_quote(sender),
  ',"body":', json_quote(body),
  ',"action_flag":', iif(action_flag = 1, 'true', 'false'),
  ',"ts":"\u001f', ts, '\u001f"',
  iif(coalesce(recipient, thread_id, lane, acked_at) is null and is_system = 0, '', concat(
    iif(recipient is null, '', ',"recipient":' || json_quote(recipient)),
    iif(thread_id is null, '', ',"thread_id":' || thread_id),
    iif(lane is null, '', ',"lane":' || json_quote(lane) || ',"fence":' || fence),
    iif(is_system = 1, ',"system":true', ''),
    iif(acked_at is null, '', ',"acked_by":' || json_quote(acked_by) || ',"acked_at":"\u001f' || acked_at || '\u001f"'))),
  '}')`

/** The texts of several lines of {@link WIRE_TEXT}. */
export function readTexts(lines: string): string[] {
  if (lines === '') return []
  const pieces = lines.split(MARK)
  for (let index = 1; index < pieces.length; index += 2) pieces[index] = toMoment(Number(pieces[index]))
  return pieces.join('').split('\n')
}
