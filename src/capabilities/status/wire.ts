import type * as z from 'zod'
import { toMoment } from '../../core/moment.ts'
import type { WireLane } from '../lanes/index.ts'
import type { MessageRow } from '../log/index.ts'
import { toWireMessage } from '../messages/index.ts'
import type { attention } from './contract.ts'

type WireItem = z.output<typeof attention.output>['items'][number]

export function toFlagItem(row: MessageRow): WireItem {
  return { kind: 'flag', since: toMoment(row.ts), message: toWireMessage(row) }
}

export function toLaneItem(kind: 'orphaned' | 'contended' | 'silent', since: number, lane: WireLane): WireItem {
  return { kind, since: toMoment(since), lane }
}

/** @param lastPostAt When the owner posted last; undefined when the log has nothing of it. */
export function toSilentItem(since: number, lastPostAt: number | undefined, lane: WireLane): WireItem {
  const last_message_at = lastPostAt === undefined ? null : toMoment(lastPostAt)
  return { ...toLaneItem('silent', since, lane), last_message_at }
}
