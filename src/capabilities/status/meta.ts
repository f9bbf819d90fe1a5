import type * as z from 'zod'
import type { Context } from '../../core/context.ts'
import { toMoment } from '../../core/moment.ts'
import type { Overview } from './overview.ts'
import type { meta } from './schemas.ts'

/** The counts and what else is told beside the lists: the same by every operation. */
export function buildMeta(
  { laneCounts, pendingCount, messageCount, waiters, waitingHolders, silent }: Overview,
  { database, settings }: Context,
  now: number,
): z.input<typeof meta> {
  return {
    active_lane_count: laneCounts.held,
    orphaned_claim_count: laneCounts.orphaned,
    message_count: messageCount,
    pending_action_flag_count: pendingCount,
    waiting_count: waitingHolders,
    contended_lane_count: waiters.size,
    silent_lane_count: silent.length,
    needs_you_count: pendingCount + laneCounts.orphaned + waiters.size + silent.length,
    max_lease_seconds: settings.maxLeaseMs / 1000,
    write_secret_required: settings.writeSecretRequired,
    epoch: database.epoch,
    server_time: toMoment(now),
    version: settings.version,
    arms_nothing: true,
  }
}
