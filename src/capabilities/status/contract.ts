import { z } from 'zod'
import { moment } from '../../core/moment.ts'
import { defineOperation } from '../../core/operation.ts'
import { lane } from '../lanes/schemas.ts'
import { message } from '../messages/schemas.ts'

export const get = defineOperation({
  id: 'status.get',
  summary: 'Show the rollup: active lanes, orphaned claims, recent messages, pending action flags',
  effect: 'read',
  input: z.object({}),
  output: z.object({
    active_lanes: z.array(lane).describe('Held live; the one that expires first at the top; at most 100.'),
    orphaned_claims: z.array(lane).describe('Expired, not released, not taken over; the oldest first; at most 100.'),
    recent_messages: z.array(message).describe('The newest 10, newest first.'),
    pending_action_flags: z.array(message).describe('Flagged and not acknowledged; the oldest first; at most 100.'),
    _meta: z.object({
      active_lane_count: z.int().describe('All, also those that the list leaves out; likewise the other counts.'),
      orphaned_claim_count: z.int(),
      message_count: z.int(),
      pending_action_flag_count: z.int(),
      max_lease_seconds: z.number().describe('The ceiling of a lease, in seconds.'),
      write_secret_required: z.boolean().describe('Writes need X-Bus-Secret.'),
      epoch: z.string().describe('Which log this is; see messages.read.'),
      server_time: moment.describe('The bus’s clock at this answer.'),
      version: z.string().describe('Of bus-mcp.'),
      arms_nothing: z.literal(true).describe('The bus executes nothing: an action flag is stored and shown.'),
    }),
  }),
  errors: {},
  http: { method: 'GET', path: '/status' },
  tool: {
    name: 'get_bus_status',
    title: 'Bus status',
    description:
      'See who holds which lane and until when, claims whose lease lapsed, the newest messages and the action flags that nobody has acknowledged. Call it when you start, and to choose a free lane.',
    idempotent: true,
    destructive: false,
  },
  command: { name: 'status', positionals: [] },
})
