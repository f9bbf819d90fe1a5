import type * as z from 'zod'
import type { Reader } from '../../core/database.ts'
import { toMoment } from '../../core/moment.ts'
import { selectEventsOfLanes, toWireLaneEvent } from '../lanes/index.ts'
import { type EventRow, selectMessages } from '../log/index.ts'
import { toWireMessage } from '../messages/index.ts'
import type { read } from './contract.ts'

type WireEvent = z.output<typeof read.output>['events'][number]

/** Completes events with what they are about. One whose message was dropped meanwhile is left out. */
export async function toWireEvents(reader: Reader, rows: readonly EventRow[]): Promise<WireEvent[]> {
  const ofLanes = rows.filter(({ kind }) => kind === 'lane')
  const ofMessages = rows.filter(({ kind }) => kind !== 'lane')
  const changes = await selectEventsOfLanes(
    reader,
    ofLanes.map(({ subject, ref }) => ({ lane: subject, rev: ref })),
  )
  const messages = await selectMessages(
    reader,
    ofMessages.map(({ ref }) => ref),
  )
  const changesByKey = new Map(changes.map((row) => [toKey(row.lane, row.rev), toWireLaneEvent(row)]))
  const messagesById = new Map(messages.map((row) => [row.id, toWireMessage(row)]))
  return rows.flatMap(({ id, kind, subject, ref, at }): WireEvent[] => {
    const own = { id, kind, at: toMoment(at) }
    if (kind === 'lane') {
      const change = changesByKey.get(toKey(subject, ref))
      return change ? [{ ...own, lane: subject, change }] : []
    }
    const message = messagesById.get(ref)
    return message ? [{ ...own, message }] : []
  })
}

function toKey(lane: string, rev: number): string {
  return `${lane} ${rev}`
}
