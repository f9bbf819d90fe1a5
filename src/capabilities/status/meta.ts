import type * as z from 'zod'
import type { Context } from '../../core/context.ts'
import type { Reader } from '../../core/database.ts'
import { toMoment } from '../../core/moment.ts'
import { countLanes, countWaitingHolders } from '../lanes/index.ts'
import { countMessages, countPending } from '../log/index.ts'
import type { meta } from './schemas.ts'

/** What has been found already, and when. */
export interface Found {
  readonly now: number
  readonly contendedCount: number
  readonly silentCount: number
}

/** The counts and what else is told beside the lists: the same by every operation. */
export async function buildMeta(
  reader: Reader,
  { database, settings }: Context,
  { now, contendedCount, silentCount }: Found,
): Promise<z.input<typeof meta>> {
  const { held, orphaned } = await countLanes(reader, now)
  const pending = await countPending(reader)
  return {
    active_lane_count: held,
    orphaned_claim_count: orphaned,
    message_count: await countMessages(reader),
    pending_action_flag_count: pending,
    waiting_count: await countWaitingHolders(reader, now),
    contended_lane_count: contendedCount,
    silent_lane_count: silentCount,
    needs_you_count: pending + orphaned + contendedCount + silentCount,
    max_lease_seconds: settings.maxLeaseMs / 1000,
    write_secret_required: settings.writeSecretRequired,
    epoch: database.epoch,
    server_time: toMoment(now),
    version: settings.version,
    arms_nothing: true,
  }
}
