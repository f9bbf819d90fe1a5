import type { Call, Handler } from '../../core/capability.ts'
import type { Reader } from '../../core/database.ts'
import { ALWAYS_FIT, countFitting } from '../../core/page-size.ts'
import { createWaker } from '../../core/waker.ts'
import {
  describeBounds,
  describeExpired,
  EVENTS_CHANNEL,
  type EventRow,
  getEventBounds,
  selectEvents,
  selectSizes,
} from '../log/index.ts'
import type * as contract from './contract.ts'
import { toWireEvents } from './wire.ts'

/** How often one who waits looks by itself, in case that no wake-up reached it. */
const LOOK_EVERY_MS = 2_000

/** How many events one look passes at most, so that a filter that fits nothing costs no more on a long sequence. */
const LOOK_SPAN = 5_000

export const read: Handler<typeof contract.read> = async (call) => {
  const { input, context } = call
  const waker = input.wait_s === 0 ? undefined : createWaker(context, EVENTS_CHANNEL)
  try {
    let { page, now } = await look(call, input.since_id)
    const endsAt = now + input.wait_s * 1000
    while (page.events.length === 0 && !waker?.isOver()) {
      const isAtHead = page.next_since_id === page.head_id
      if (isAtHead && now >= endsAt) break
      if (isAtHead) await waker?.wait(Math.min(endsAt - now, LOOK_EVERY_MS))
      ;({ page, now } = await look(call, page.next_since_id))
    }
    return page
  } finally {
    waker?.close()
  }
}

function look({ input, context, fail }: Call<typeof contract.read>, sinceId: number | undefined) {
  return context.database.read(async (reader) => {
    const { epoch } = context.database
    const bounds = await getEventBounds(reader)
    const { headId, floorId } = bounds
    const since = sinceId ?? headId
    if (since < floorId || since > headId) {
      throw fail('cursor_expired', describeExpired('event', since, bounds), describeBounds(since, bounds, epoch))
    }
    const until = Math.min(headId, since + LOOK_SPAN)
    const { kind, topic, lane, limit } = input
    const found = await selectEvents(reader, { kind, topic, lane }, since, until, limit)
    const rows = await takeFitting(reader, found)
    const isCut = found.length === limit || rows.length < found.length
    return {
      now: await reader.now(),
      page: {
        events: await toWireEvents(reader, rows),
        next_since_id: isCut ? (rows.at(-1)?.id ?? until) : until,
        head_id: headId,
        epoch,
      },
    }
  })
}

/** As many of them as go on one page, from the first. */
async function takeFitting(reader: Reader, rows: readonly EventRow[]): Promise<readonly EventRow[]> {
  const ids = rows.filter(({ kind }) => kind !== 'lane').map(({ ref }) => ref)
  if (ids.length <= ALWAYS_FIT) return rows
  const sizes = new Map((await selectSizes(reader, ids)).map(({ id, size }) => [id, size]))
  return rows.slice(0, countFitting(rows.map(({ kind, ref }) => (kind === 'lane' ? 0 : (sizes.get(ref) ?? 0)))))
}
