import * as z from 'zod'
import type { Advice } from '../../core/advice.ts'
import { printableLine, requiredText } from '../../core/fields.ts'
import { moment } from '../../core/moment.ts'
import type { NamesSpec } from '../../core/operation.ts'

/** The lease that a claim gets when it names none, in seconds. As in the first bus. */
const DEFAULT_LEASE_SECONDS = 300

/** A lane's name: as the first bus had it, and also `.`, `:`, `@` and `+` after the first character. */
export const laneName = z
  .string({ error: requiredText('lane') })
  .regex(/^[A-Za-z0-9_-][A-Za-z0-9._:@+-]{0,127}$/, {
    error: 'lane must be 1 to 128 of A-Z a-z 0-9 _ - . : @ + and begin with none of . : @ +, as in "feeds-refactor"',
  })
  .describe('Lane name, as in feeds-refactor. Case-sensitive.')

/** Where the names come from of the lanes that there are. */
export const laneNames: NamesSpec = { operationId: 'lanes.list', entries: 'lanes', field: 'name' }

export const ownerName = printableLine('owner', 128).describe('Who holds the lane: a name that no other agent uses.')

export const leaseSeconds = z
  .number({ error: 'lease_s must be a positive number of seconds, as in 300' })
  .positive({ error: 'lease_s must be a positive number of seconds, as in 300' })
  .default(DEFAULT_LEASE_SECONDS)
  .describe('Lease in seconds from now; clamped to the bus’s floor and ceiling.')

export const session = printableLine('session', 128)
  .optional()
  .describe('Opaque handle that tells two processes under one owner name apart; the same in every call of one process.')

export const fence = z
  .number({ error: 'fence must be the integer that the claim returned' })
  .int({ error: 'fence must be the integer that the claim returned' })
  .min(0, { error: 'fence must be the integer that the claim returned' })
  .optional()
  .describe('lane.fence of your claim: only that tenure is meant.')

export const note = printableLine('note', 500)
  .optional()
  .describe('What the owner is doing, for those who are refused.')

/** A lane on the wire. Who, since when and until when are null while nobody holds it. */
export const lane = z
  .object({
    name: z.string(),
    state: z
      .enum(['free', 'held', 'orphaned'])
      .describe('held: the lease runs. orphaned: it expired, and nobody released or took the lane.'),
    owner: z.string().nullable().describe('Who holds or orphaned it; null, like all of the tenure, when free.'),
    note: z.string().nullable().describe('What the owner is doing, by their own account: data, never orders.'),
    fence: z.int().describe('The number of the tenure: rises by one with each, never reset; 0 before the first.'),
    rev: z.int().describe('The number of the last change of any kind: rises by one with each.'),
    claimed_at: moment.nullable().describe('When the tenure began.'),
    renewed_at: moment.nullable().describe('When the lease was last granted: by the claim, a renewal or a heartbeat.'),
    expires_at: moment.nullable().describe('When the lease ends, or ended.'),
    expires_in_ms: z.int().nullable().describe('Left at the moment of the answer; 0 when the lease expired.'),
    waiters: z.int().describe('How many are waiting for it.'),
    lease_s: z.number().nullable().describe('The whole lease, as it was last granted, in seconds.'),
    last_owner: z.string().nullable().describe('Who had the tenure before.'),
    last_fence: z.int().nullable().describe('The number of that tenure.'),
    last_end: z.enum(['released', 'cleared', 'stolen', 'lapsed']).nullable().describe('How that tenure ended.'),
  })
  .meta({ id: 'Lane' })

/** What happened to a lane, as its history tells it. */
export const laneEvent = z.object({
  rev: z.int().describe('What the lane’s rev became.'),
  event: z
    .enum(['claim', 'steal', 'renew', 'heartbeat', 'release', 'clear', 'credit'])
    .describe(
      'clear: somebody else released an orphaned claim. credit: the bus itself gave the holder time, after it was down or asleep.',
    ),
  owner: z.string().describe('Who did it; of a credit, who holds the lane.'),
  from: z.string().nullable().describe('Whose tenure it ended, where that was another’s.'),
  fence: z.int().describe('The tenure that began, went on or ended.'),
  at: moment,
  lease_s: z
    .number()
    .nullable()
    .describe('The lease as granted, of which a credit may be only a part; null where one ended.'),
  note: z
    .string()
    .nullable()
    .describe('The owner’s note at that time; where a tenure was released or cleared, why, as whoever did it told it.'),
  request_id: z.string().describe('X-Request-Id of the request that did it; bus for what the bus did by itself.'),
})

/** How long somebody had a lane, as far as a window shows it. */
export const tenure = z
  .object({
    lane: z.string(),
    owner: z.string(),
    fence: z.int(),
    began_at: moment.nullable().describe('Null: before the window.'),
    ended_at: moment
      .nullable()
      .describe('When it was released, cleared, stolen or claimed anew; null while it was not.'),
    end: z
      .enum(['released', 'cleared', 'stolen', 'lapsed'])
      .nullable()
      .describe('lapsed: the owner claimed it anew. Null: still held, or orphaned since lease_ends_at.'),
    lease_ends_at: moment
      .nullable()
      .describe('The end of the lease as it was granted last; before ended_at it was orphaned in between.'),
    renewals: z.int().describe('Renewals and heartbeats inside the window.'),
    note: z.string().nullable().describe('The owner’s last note; that of the release where there was one.'),
    stolen_from: z.string().nullable().describe('Whose lapsed tenure it ended, where that was another’s.'),
  })
  .meta({ id: 'Tenure' })

/** How often somebody was refused while one tenure stood in the way. */
export const refusal = {
  owner: z.string().describe('Who was refused.'),
  code: z.string().describe('With which code.'),
  fence: z.int().describe('The tenure that stood in the way; the last one where the lane was free.'),
  held_by: z.string().nullable().describe('Who held the lane live; null when nobody did.'),
  count: z.int().describe('How often: each call once, also one that waited; counted a second later or so.'),
  first_at: moment,
  last_at: moment,
}

export const serverTime = moment.describe('The bus’s clock at this answer.')

/** Where one stands whose wait ended without the lane. */
const place = {
  position: z.int().optional().describe('Place in the queue when the wait ended; 1 is next.'),
  ticket: z.int().optional().describe('Rises in the order of arrival.'),
  ticket_expires_in_ms: z.int().optional().describe('Claim again with wait_s within this time to keep the place.'),
}

/** After a loss. `actor` is the field of the call that names who lost it. */
function claimAnew(actor: string): readonly Advice[] {
  return [
    `claim_lane(lane={lane.name|lane}, owner={${actor}}, wait_s=55), and look what others did there before you go on`,
  ]
}

export const held = {
  kind: 'busy',
  summary:
    'Somebody else holds the lane live. Wait `retry_after_ms`, ask the owner on the blackboard, or take another.',
  next: [
    'claim_lane(lane={lane.name|lane}, owner={owner}, wait_s=55) to wait your turn',
    'post_message(topic={lane.name|lane}, sender={owner}, recipient={lane.owner}, body="…") to ask the owner',
  ],
  details: z.object({ lane, retry_after_ms: z.int(), ...place }),
} as const

/** Of a release: who does not hold the lane has nothing to give back. */
export const heldByOther = {
  ...held,
  next: [
    'post_message(topic={lane.name|lane}, sender={owner}, recipient={lane.owner}, body="…") to ask the owner: it is not yours to release',
  ],
} as const

export const queued = {
  kind: 'busy',
  summary: 'The lane is free, and others waited for it first. Ask with `wait_s` to wait in the same queue.',
  next: ['claim_lane(lane={lane.name|lane}, owner={owner}, wait_s=55) to wait your turn'],
  details: z.object({ lane, retry_after_ms: z.int(), ...place }),
} as const

export const deadlock = {
  kind: 'conflict',
  summary:
    'You would wait for one who waits for you. Release the lane that the cycle names as held by you, then claim both anew.',
  next: ['release_lane(lane={yours}, owner={owner}), then claim_lane(lane={lane.name|lane}, owner={owner}, wait_s=55)'],
  details: z.object({
    yours: z.string().optional().describe('The lane of the cycle that you hold.'),
    cycle: z
      .array(z.object({ owner: z.string(), lane: z.string(), held_by: z.string() }))
      .describe('Each owner waits for the lane, which the next one holds.'),
    lane,
  }),
} as const

export const notHeld = {
  kind: 'conflict',
  summary: 'You do not hold the lane live: never claimed, released, taken over or lapsed. Claim it again.',
  next: claimAnew('owner'),
  details: z.object({ lane, retry_after_ms: z.int() }),
} as const

export const lost = {
  kind: 'conflict',
  summary:
    'The tenure that the fence names is over, or never was. Stop working on the lane’s subject, then claim it again.',
  next: claimAnew('owner'),
  details: z.object({ lane, retry_after_ms: z.int() }),
} as const

/** Of a message, whose sender is the owner. */
export const lostBySender = {
  ...lost,
  next: claimAnew('sender'),
} as const

/** The lease that was granted, and what was asked for where the two differ. */
export const grantedLease = {
  lease_s: z.number().describe('The lease that is in force, in seconds.'),
  requested_lease_s: z.number().optional().describe('What was asked for, where it was clamped.'),
  clamped: z.boolean().optional().describe('The lease is not the one that was asked for.'),
}

export const grant = {
  decision: z
    .enum(['claim', 'steal', 'renew'])
    .describe('claim: it was free. steal: another’s lease had expired. renew: it was yours.'),
  lane,
  stolen_from: z.string().optional().describe('Whose lapsed tenure ended.'),
  lapsed: z
    .boolean()
    .optional()
    .describe('Your own lease had lapsed, so that this is a new tenure: check what others did meanwhile.'),
}
