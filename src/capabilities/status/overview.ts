import type { Committed, Reader } from '../../core/database.ts'
import { countFitting } from '../../core/page-size.ts'
import {
  countWaitingHolders,
  findFirstAbsence,
  type Lane,
  type LaneCounts,
  readLaneCounts,
  selectLanesByExpiry,
  selectWaiterCounts,
} from '../lanes/index.ts'
import { countMessages, countPending, type MessageRow, selectPending } from '../log/index.ts'
import { findSilence, type SilentLane } from './silent.ts'

/** The lists are for a glance; the counts are whole. */
export const MAX_LISTED = 100

/** Everything at once, as it is until something changes or a moment comes. */
export interface Overview {
  /** Held live; the one that expires first at the top. */
  readonly held: readonly Lane[]
  /** The one that expired first at the top. */
  readonly orphaned: readonly Lane[]
  readonly laneCounts: LaneCounts
  /** The one that waits longest at the top. */
  readonly pending: readonly MessageRow[]
  readonly pendingCount: number
  readonly messageCount: number
  /** Of the lanes that anybody waits for. */
  readonly waiters: ReadonlyMap<string, number>
  readonly waitingHolders: number
  readonly silent: readonly SilentLane[]
  /** When a lease ends, a lane falls silent or a waiter is taken for gone: the first of these. */
  readonly endsAt: number
}

interface Remembered {
  readonly overview: Overview
  readonly changes: number
}

const remembered = new WeakMap<Committed, Remembered>()

/** The overview at `now`. While nothing changes it is found once, however many ask. */
export async function readOverview(reader: Reader, now: number): Promise<Overview> {
  const { committed } = reader
  const last = committed && remembered.get(committed)
  if (last && last.changes === committed.changes && now < last.overview.endsAt) return last.overview
  const overview = await findOverview(reader, now)
  if (committed) remembered.set(committed, { overview, changes: committed.changes })
  return overview
}

async function findOverview(reader: Reader, now: number): Promise<Overview> {
  const held = await selectLanesByExpiry(reader, 'held', now, MAX_LISTED)
  const silence = await findSilence(reader, now)
  const firstAbsence = await findFirstAbsence(reader, now)
  return {
    held,
    orphaned: await selectLanesByExpiry(reader, 'orphaned', now, MAX_LISTED),
    laneCounts: await readLaneCounts(reader, now),
    pending: takeFitting(await selectPending(reader, MAX_LISTED)),
    pendingCount: await countPending(reader),
    messageCount: await countMessages(reader),
    waiters: firstAbsence === undefined ? new Map() : await selectWaiterCounts(reader, now),
    waitingHolders: firstAbsence === undefined ? 0 : await countWaitingHolders(reader, now),
    silent: silence.lanes,
    endsAt: Math.min(
      held[0]?.tenure?.expiresAt ?? Number.POSITIVE_INFINITY,
      firstAbsence ?? Number.POSITIVE_INFINITY,
      silence.nextAt,
    ),
  }
}

function takeFitting(pending: readonly MessageRow[]): readonly MessageRow[] {
  return pending.slice(0, countFitting(pending.map(({ body }) => Buffer.byteLength(body))))
}
