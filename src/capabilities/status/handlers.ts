import type { Handler } from '../../core/capability.ts'
import {
  type Lane,
  selectContendedLanes,
  selectLanesByExpiry,
  selectLanesNamed,
  selectWaiterCounts,
  toWireLane,
} from '../lanes/index.ts'
import { readNewest, selectPending } from '../log/index.ts'
import { toWireMessage } from '../messages/index.ts'
import type * as contract from './contract.ts'
import { buildMeta } from './meta.ts'
import { findSilentLanes } from './silent.ts'
import { toFlagItem, toLaneItem, toSilentItem } from './wire.ts'

/** The lists are for a glance; the counts in `_meta` are whole. */
const MAX_LISTED = 100
const MAX_RECENT = 10
const EVERYTHING = {
  topic: undefined,
  sender: undefined,
  flagged: undefined,
  recipient: undefined,
  threadId: undefined,
  search: undefined,
}

export const get: Handler<typeof contract.get> = ({ context }) =>
  context.database.read(async (reader) => {
    const now = await reader.now()
    const held = await selectLanesByExpiry(reader, 'held', now, MAX_LISTED)
    const orphaned = await selectLanesByExpiry(reader, 'orphaned', now, MAX_LISTED)
    const recent = await readNewest(reader, EVERYTHING, MAX_RECENT)
    const pending = await selectPending(reader, MAX_LISTED)
    const waiters = await selectWaiterCounts(reader, now)
    const silent = await findSilentLanes(reader, now)
    return {
      active_lanes: held.map((lane) => toWireLane(lane, now, waiters.get(lane.name) ?? 0)),
      orphaned_claims: orphaned.map((lane) => toWireLane(lane, now, waiters.get(lane.name) ?? 0)),
      recent_messages: recent.map(toWireMessage),
      pending_action_flags: pending.map(toWireMessage),
      _meta: await buildMeta(reader, context, { now, contendedCount: waiters.size, silentCount: silent.length }),
    }
  })

export const attention: Handler<typeof contract.attention> = ({ context }) =>
  context.database.read(async (reader) => {
    const now = await reader.now()
    const pending = await selectPending(reader, MAX_LISTED)
    const orphaned = await selectLanesByExpiry(reader, 'orphaned', now, MAX_LISTED)
    const contended = await selectContendedLanes(reader, now, MAX_LISTED)
    const silent = await findSilentLanes(reader, now)
    const silentLanes = await selectLanesNamed(
      reader,
      silent.slice(0, MAX_LISTED).map(({ name }) => name),
    )
    const lanesByName = new Map(silentLanes.map((lane) => [lane.name, lane]))
    const waiters = await selectWaiterCounts(reader, now)
    const show = (lane: Lane) => toWireLane(lane, now, waiters.get(lane.name) ?? 0)
    return {
      items: [
        ...pending.map(toFlagItem),
        ...orphaned.flatMap((lane) => (lane.tenure ? toLaneItem('orphaned', lane.tenure.expiresAt, show(lane)) : [])),
        ...contended.map(({ lane, since }) => toLaneItem('contended', since, show(lane))),
        ...silent.flatMap(({ name, since, lastPostAt }) => {
          const lane = lanesByName.get(name)
          return lane ? toSilentItem(since, lastPostAt, show(lane)) : []
        }),
      ],
      _meta: await buildMeta(reader, context, { now, contendedCount: waiters.size, silentCount: silent.length }),
    }
  })
