import * as z from 'zod'
import type { ConciseSpec } from '../../core/concise.ts'
import { moment } from '../../core/moment.ts'
import { defineOperation } from '../../core/operation.ts'
import { lane } from '../lanes/schemas.ts'
import { message } from '../messages/schemas.ts'
import { meta } from './schemas.ts'

/** For agents, who look for what is free and what is wrong, and not into the past of each lane. */
const concise: ConciseSpec = {
  leaves: ['epoch', 'rev', 'claimed_at', 'renewed_at', 'expires_at', 'lease_s', 'last_owner', 'last_fence', 'last_end'],
  maxTextLength: 300,
  maxEntries: 20,
}

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
    _meta: meta.describe('Counts, and what the bus is.'),
  }),
  errors: {},
  http: { method: 'GET', path: '/status' },
  tool: {
    name: 'get_bus_status',
    title: 'Bus status',
    description:
      'See who holds which lane, claims that lapsed, the newest messages and flags that nobody has acknowledged. Call it when you start, and to choose a free lane.',
    idempotent: true,
    destructive: false,
    concise,
  },
  resource: {
    uri: 'bus://status',
    title: 'Bus status',
    description: 'Who holds what, what lapsed, the newest messages, and the flags that wait.',
    touchedBy: () => true,
  },
  command: { name: 'status', positionals: [] },
})

/** One thing that waits for a person. */
const attentionItem = z
  .object({
    kind: z
      .enum(['flag', 'orphaned', 'contended', 'silent'])
      .describe(
        'flag: a message asks somebody to act. orphaned: a claim lapsed. contended: somebody waits for the lane. silent: a lane is held and its owner says nothing.',
      ),
    since: moment.describe(
      'Since when: the message; the end of the lease; the arrival of the first who waits; the claim, or the owner’s last message after it.',
    ),
    message: message.optional().describe('Of kind flag.'),
    lane: lane.optional().describe('Of the other kinds.'),
    last_message_at: moment
      .nullable()
      .optional()
      .describe('Of kind silent: when its owner posted last; null when the log has nothing of it.'),
  })
  .meta({ id: 'AttentionItem' })

export const attention = defineOperation({
  id: 'status.attention',
  summary: 'Show what waits for a person',
  effect: 'read',
  input: z.object({}),
  output: z.object({
    items: z
      .array(attentionItem)
      .describe(
        'Flags, then orphaned claims, the oldest first; then contended lanes, the longest queue first; then silent lanes, the longest silence first. At most 100 of each kind.',
      ),
    _meta: meta.describe('As of the status.'),
  }),
  errors: {},
  http: { method: 'GET', path: '/attention' },
  tool: {
    name: 'get_attention',
    title: 'What waits for a person',
    toolset: 'flags',
    description:
      'See what waits for somebody: flags that nobody acknowledged, claims that lapsed, lanes with a queue, and lanes whose owner is silent.',
    idempotent: true,
    destructive: false,
    concise,
  },
  command: { name: 'attention', positionals: [] },
})
