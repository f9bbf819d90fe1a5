import * as z from 'zod'
import { moment } from '../../core/moment.ts'

/** What every status tells beside its lists. */
export const meta = z
  .object({
    active_lane_count: z.int().describe('All, also those that the list leaves out; likewise the other counts.'),
    orphaned_claim_count: z.int(),
    message_count: z.int(),
    pending_action_flag_count: z.int(),
    waiting_count: z.int().describe('Holders that wait for a lane now.'),
    contended_lane_count: z.int().describe('Lanes that anybody waits for now.'),
    silent_lane_count: z
      .int()
      .describe(
        'Lanes held live for 10 minutes or more whose owner has posted nothing in the last 10 minutes, among the 1,000 that expire first.',
      ),
    needs_you_count: z
      .int()
      .describe('What waits for a person: pending flags, orphaned claims, contended lanes and silent lanes.'),
    max_lease_seconds: z.number().describe('The ceiling of a lease, in seconds.'),
    write_secret_required: z.boolean().describe('Writes need X-Bus-Secret.'),
    epoch: z.string().describe('Which log this is; see messages.read.'),
    server_time: moment.describe('The bus’s clock at this answer.'),
    version: z.string().describe('Of bus-mcp.'),
    arms_nothing: z.literal(true).describe('The bus executes nothing: an action flag is stored and shown.'),
  })
  .meta({ id: 'StatusMeta' })
