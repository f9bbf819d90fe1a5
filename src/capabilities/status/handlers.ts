import type { Handler } from '../../core/capability.ts'
import { toMoment } from '../../core/moment.ts'
import { countLanes, selectLanesByExpiry, selectWaiterCounts, toWireLane } from '../lanes/index.ts'
import { countMessages, countPending, selectNewest, selectPending } from '../log/index.ts'
import { toWireMessage } from '../messages/index.ts'
import type * as contract from './contract.ts'

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
    const recent = await selectNewest(reader, EVERYTHING, MAX_RECENT)
    const pending = await selectPending(reader, MAX_LISTED)
    const waiters = await selectWaiterCounts(reader, now)
    const counts = await countLanes(reader, now)
    return {
      active_lanes: held.map((lane) => toWireLane(lane, now, waiters.get(lane.name) ?? 0)),
      orphaned_claims: orphaned.map((lane) => toWireLane(lane, now, waiters.get(lane.name) ?? 0)),
      recent_messages: recent.map(toWireMessage),
      pending_action_flags: pending.map(toWireMessage),
      _meta: {
        active_lane_count: counts.held,
        orphaned_claim_count: counts.orphaned,
        message_count: await countMessages(reader),
        pending_action_flag_count: await countPending(reader),
        max_lease_seconds: context.settings.maxLeaseMs / 1000,
        write_secret_required: context.settings.writeSecretRequired,
        epoch: context.database.epoch,
        server_time: toMoment(now),
        version: context.settings.version,
        arms_nothing: true,
      },
    }
  })
