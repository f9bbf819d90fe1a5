import * as z from 'zod'
import { pageLimit, waitSeconds } from '../../core/fields.ts'
import { moment } from '../../core/moment.ts'
import { defineOperation } from '../../core/operation.ts'
import { laneEvent, laneName } from '../lanes/schemas.ts'
import { cursorExpired, message, topic, toTopic } from '../messages/schemas.ts'

const event = z
  .object({
    id: z.int().describe('Its place in the sequence of everything that happened: from 1, without gaps.'),
    kind: z
      .enum(['message', 'ack', 'lane'])
      .describe('message: one was posted. ack: one was acknowledged. lane: a lane changed.'),
    at: moment,
    message: message.optional().describe('Of kind message or ack: the message as it is now.'),
    lane: z.string().optional().describe('Of kind lane: its name.'),
    change: laneEvent.optional().describe('Of kind lane: what happened to it.'),
  })
  .meta({ id: 'Event' })

type Fields = Readonly<Record<string, unknown>>

/** The same as the conditions of `selectEvents`. */
function fits(entry: Fields, { kind, topic, lane }: Fields): boolean {
  if (kind !== undefined && entry.kind !== kind) return false
  if (topic === undefined && lane === undefined) return true
  return entry.kind === 'lane' ? entry.lane === lane : toTopic(entry.message) === topic
}

export const read = defineOperation({
  id: 'events.read',
  summary: 'Follow what happens: messages, acknowledgements and changes of lanes, in one sequence',
  effect: 'read',
  input: z.object({
    since_id: z
      .int({ error: 'since_id must be an integer' })
      .min(0, { error: 'since_id must be 0 or more' })
      .optional()
      .describe('Only what came after this event; next_since_id of the page before. Left out: from now on.'),
    kind: z
      .enum(['message', 'ack', 'lane'], { error: 'kind must be message, ack or lane' })
      .optional()
      .describe('Only events of this kind.'),
    topic: topic.optional().describe('Only messages and acknowledgements of this topic; with lane, either.'),
    lane: laneName.optional().describe('Only changes of this lane; with topic, either.'),
    wait_s: waitSeconds('Wait up to so many seconds, 0 to 55, until something fits; then an empty list.'),
    limit: pageLimit('Events', 100),
  }),
  output: z.object({
    events: z.array(event).describe('Oldest first. With 4 MiB of bodies the page ends sooner than its limit says.'),
    next_since_id: z
      .int()
      .describe(
        'Pass as since_id to go on from here; moves past what a filter left out. Below head_id there may be more.',
      ),
    head_id: z.int().describe('The newest id.'),
    epoch: z.string().describe('Which sequence this is. Another epoch is another one: begin again.'),
  }),
  errors: { cursor_expired: cursorExpired },
  http: {
    method: 'GET',
    path: '/events',
    stream: { entries: 'events', cursor: 'since_id', nextCursor: 'next_since_id', fits },
  },
})
