import type { BusContext, Settings } from '../../core/context.ts'
import type { Transaction } from '../../core/database.ts'
import { deleteLaneEvents, deleteRefusalsBefore } from '../lanes/index.ts'
import { deleteEventsBefore, dropMessages, findMessage, getMessageBounds } from '../log/index.ts'

/** How many events are dropped in one turn: some milliseconds of everybody's time. */
const BATCH = 200

/**
 * Drops what is older than the settings keep: the log is cut at one moment, in messages, events and the lanes' histories
 * alike. A flagged message stays until somebody has acknowledged it.
 */
export async function sweep({ database, settings }: BusContext): Promise<void> {
  if (settings.retainMs === undefined && settings.retainMessages === undefined) return
  let dropped = BATCH
  while (dropped === BATCH) dropped = await database.write((transaction) => sweepBatch(transaction, settings))
}

async function sweepBatch(transaction: Transaction, settings: Settings): Promise<number> {
  const cut = await findCut(transaction, settings)
  const rows = await deleteEventsBefore(transaction, cut, BATCH)
  const ids = [...new Set(rows.flatMap(({ kind, ref }) => (kind === 'lane' ? [] : ref)))]
  await dropMessages(transaction, ids)
  await deleteLaneEvents(
    transaction,
    rows.flatMap(({ kind, subject, ref }) => (kind === 'lane' ? { lane: subject, rev: ref } : [])),
  )
  return Math.max(rows.length, await deleteRefusalsBefore(transaction, cut, BATCH))
}

/** The moment up to which things are dropped, in epoch milliseconds. */
async function findCut(transaction: Transaction, { retainMs, retainMessages }: Settings): Promise<number> {
  const byAge = retainMs === undefined ? 0 : (await transaction.now()) - retainMs
  if (retainMessages === undefined) return byAge
  // The oldest message to be kept; absent while there are not so many.
  const { headId } = await getMessageBounds(transaction)
  const oldest = await findMessage(transaction, headId - retainMessages + 1)
  return Math.max(byAge, oldest?.ts ?? 0)
}
