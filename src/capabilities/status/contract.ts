import { z } from 'zod'
import { defineOperation } from '../../core/operation.ts'
import { lane } from '../lanes/schemas.ts'
import { message } from '../messages/schemas.ts'
import { meta } from './schemas.ts'

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
    _meta: meta,
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
