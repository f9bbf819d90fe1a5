import type { Call, Handler, TextHandler } from '../../core/capability.ts'
import type { Reader } from '../../core/database.ts'
import { toMoment } from '../../core/moment.ts'
import { ALWAYS_FIT, countFitting } from '../../core/page-size.ts'
import { parseSearchText } from '../../core/search-text.ts'
import { createWaker } from '../../core/waker.ts'
import { requireTenure } from '../lanes/index.ts'
import {
  acknowledgeMessage,
  appendMessage,
  describeBounds,
  describeExpired,
  findMessage,
  indexWords,
  MESSAGES_CHANNEL,
  type MessageFilter,
  type MessageRow,
  readBounds,
  readNewestSizes,
  readSinceSizes,
  selectTopics,
} from '../log/index.ts'
import type * as contract from './contract.ts'
import { type Form, rows, texts } from './forms.ts'
import { toWireMessage } from './wire.ts'

/** How often one who waits looks by itself, in case that no wake-up reached it. */
const LOOK_EVERY_MS = 2_000

export const post: Handler<typeof contract.post> = async ({ input, context, fail }) => {
  const { topic, sender, body, action_flag, recipient, thread_id, lane, fence, session } = input
  const posted = {
    topic,
    sender,
    body,
    action_flag: action_flag ? 1 : 0,
    recipient: recipient ?? null,
    thread_id: thread_id ?? null,
    lane: lane ?? null,
    fence: fence ?? null,
    is_system: 0,
  } as const
  const row = await context.write<MessageRow, Pick<MessageRow, 'id' | 'ts'>>(
    async (transaction) => {
      if (lane !== undefined && fence !== undefined) {
        await requireTenure(transaction, { lane, fence, owner: sender, session }, fail)
      }
      return appendMessage(transaction, posted)
    },
    {
      keep: ({ id, ts }) => ({ id, ts }),
      recall: async (kept) => ({ ...posted, ...kept, acked_by: null, acked_at: null }),
    },
  )
  return toWireMessage(row)
}

export const read: Handler<typeof contract.read> = async (call) => {
  const { entries, ...rest } = await findPage(call, rows)
  return { messages: entries.map(toWireMessage), ...rest }
}

export const writeRead: TextHandler<typeof contract.read> = async (call) => {
  const { entries, ...rest } = await findPage(call, texts)
  return `{"messages":[${entries.join(',')}],${JSON.stringify(rest).slice(1)}`
}

interface Page<Entry> {
  readonly entries: readonly Entry[]
  readonly next_since_id: number
  readonly more: boolean
  readonly head_id: number
  readonly epoch: string
}

async function findPage<Entry>(call: Call<typeof contract.read>, form: Form<Entry>): Promise<Page<Entry>> {
  const { input, context } = call
  if (input.wait_s === 0) return (await findPageNow(call, form)).page
  const waker = createWaker(context, MESSAGES_CHANNEL)
  try {
    let { page, now } = await findPageNow(call, form)
    const endsAt = now + input.wait_s * 1000
    while (page.entries.length === 0 && now < endsAt && !waker.isOver()) {
      await waker.wait(Math.min(endsAt - now, LOOK_EVERY_MS))
      ;({ page, now } = await findPageNow(call, form))
    }
    return page
  } finally {
    waker.close()
  }
}

async function findPageNow<Entry>({ input, context, fail }: Call<typeof contract.read>, form: Form<Entry>) {
  const search = input.search === undefined ? undefined : parseSearchText(input.search)
  if (search) await indexWords(context.database)
  return context.database.read(async (reader) => {
    const { topic, sender, flagged, recipient, thread_id, since_id, before_id } = input
    const { epoch } = context.database
    const filter = { topic, sender, flagged, recipient, threadId: thread_id, search }
    const bounds = await readBounds(reader)
    const { headId, floorId } = bounds
    if (since_id !== undefined && (since_id < floorId || since_id > headId)) {
      throw fail(
        'cursor_expired',
        describeExpired('message', since_id, bounds),
        describeBounds(since_id, bounds, epoch),
      )
    }
    const limit = await toPageLength(reader, filter, input)
    // One more than the page, to know whether there is more.
    const found =
      since_id === undefined
        ? await form.newest(reader, filter, limit + 1, before_id)
        : await form.since(reader, filter, since_id, limit + 1)
    const entries = found.slice(0, limit)
    const more = found.length > limit
    const last = entries.at(-1)
    const nextSinceId = since_id !== undefined && more && last !== undefined ? form.idOf(last) : headId
    return { now: await reader.now(), page: { entries, next_since_id: nextSinceId, more, head_id: headId, epoch } }
  })
}

/** As many messages as were asked for, or fewer when those do not fit one page. */
async function toPageLength(
  reader: Reader,
  filter: MessageFilter,
  { since_id, before_id, limit }: Call<typeof contract.read>['input'],
): Promise<number> {
  if (limit <= ALWAYS_FIT) return limit
  const sizes =
    since_id === undefined
      ? await readNewestSizes(reader, filter, limit, before_id)
      : await readSinceSizes(reader, filter, since_id, limit)
  const fitting = countFitting(sizes)
  return fitting < sizes.length ? fitting : limit
}

export const topics: Handler<typeof contract.topics> = ({ input, context }) =>
  context.database.read(async (reader) => {
    const { after, limit } = input
    const rows = await selectTopics(reader, after, limit)
    return {
      topics: rows.map(({ topic, last_id, last_at }) => ({ topic, last_id, last_at: toMoment(last_at) })),
      next_after: rows.length === limit ? (rows.at(-1)?.topic ?? null) : null,
    }
  })

export const get: Handler<typeof contract.get> = ({ input, context, fail }) =>
  context.database.read(async (reader) => {
    const row = await findMessage(reader, input.id)
    if (!row) throw fail('message_not_found', describeUnknown(input.id))
    return toWireMessage(row)
  })

export const ack: Handler<typeof contract.ack> = ({ input, context, fail }) =>
  context.write(async (transaction) => {
    const row = await findMessage(transaction, input.id)
    if (!row) throw fail('message_not_found', describeUnknown(input.id))
    if (row.acked_at !== null) return { ok: true, message: toWireMessage(row), already: true }

    return { ok: true, message: toWireMessage(await acknowledgeMessage(transaction, row, input.sender)) }
  })

function describeUnknown(id: number): string {
  return `no message has id ${id} -- read the messages to see which there are`
}
