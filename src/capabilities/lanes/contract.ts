import * as z from 'zod'
import { pageLimit, waitSeconds } from '../../core/fields.ts'
import { moment } from '../../core/moment.ts'
import { defineOperation } from '../../core/operation.ts'
import {
  deadlock,
  fence,
  grant,
  grantedLease,
  held,
  heldByOther,
  lane,
  laneEvent,
  laneName,
  laneNames,
  leaseSeconds,
  lost,
  note,
  notHeld,
  ownerName,
  queued,
  refusal,
  serverTime,
  session,
  tenure,
} from './schemas.ts'

export const claim = defineOperation({
  id: 'lanes.claim',
  summary: 'Claim a lane: take it if free, steal it if its lease expired, renew it if own',
  effect: 'write',
  input: z.object({
    lane: laneName,
    owner: ownerName,
    lease_s: leaseSeconds,
    wait_s: waitSeconds('Wait up to so many seconds, 0 to 55, in a fair queue, instead of being refused at once.'),
    session,
    note,
  }),
  output: z.object({ ok: z.literal(true), ...grant, ...grantedLease }),
  errors: { lane_held: held, lane_queued: queued, would_deadlock: deadlock, lease_lost: lost },
  actor: 'owner',
  session: 'session',
  http: { method: 'POST', path: '/lanes/{lane}/claim' },
  tool: {
    name: 'claim_lane',
    title: 'Claim a lane',
    description:
      'Claim a lane before you touch what it stands for. Free: yours. Expired: taken over. Yours: renewed. Held by another: refused, with who and how long. End with release_lane.',
    idempotent: false,
    destructive: false,
    grants: 'lane',
    argumentNotes: {
      lane: 'As in feeds-refactor',
      owner: 'You, if not the agent id',
      wait_s: 'Queue for it, up to 55',
      note: 'What you do, for others',
    },
  },
  command: { name: 'claim', positionals: ['lane'] },
})

export const heartbeat = defineOperation({
  id: 'lanes.heartbeat',
  summary: 'Renew the lease of a lane that you hold',
  effect: 'write',
  input: z.object({
    lane: laneName,
    owner: ownerName,
    lease_s: leaseSeconds.describe('The lease from now on, in seconds, whatever it was before.'),
    session,
    fence,
  }),
  output: z.object({ ok: z.literal(true), decision: z.literal('heartbeat'), lane, ...grantedLease }),
  errors: { lane_not_held: notHeld, lease_lost: lost },
  actor: 'owner',
  session: 'session',
  http: { method: 'POST', path: '/lanes/{lane}/heartbeat' },
  tool: {
    name: 'heartbeat_lane',
    title: 'Renew a lane',
    description:
      'Renew a lane you hold, well before its lease ends. Refused when you no longer hold it: then stop, and claim_lane again.',
    idempotent: true,
    destructive: false,
    argumentNotes: { fence: 'lane.fence of your claim' },
  },
  command: { name: 'heartbeat', positionals: ['lane'] },
})

export const release = defineOperation({
  id: 'lanes.release',
  summary: 'Release a lane that you hold, or clear an orphaned claim',
  effect: 'write',
  input: z.object({
    lane: laneName,
    owner: ownerName,
    session,
    fence,
    note: note.describe('Why, or what came of it: kept with the release in the lane’s history.'),
  }),
  output: z.object({
    ok: z.literal(true),
    decision: z.literal('released'),
    lane,
    already: z.boolean().optional().describe('It was free, or that fence was over: nothing changed.'),
  }),
  errors: { lane_held: heldByOther, lease_lost: lost },
  actor: 'owner',
  session: 'session',
  http: { method: 'POST', path: '/lanes/{lane}/release' },
  tool: {
    name: 'release_lane',
    title: 'Release a lane',
    description:
      'Free a lane as soon as your work on it is done. Refused while another holds it live; an expired claim of anybody may be cleared.',
    idempotent: true,
    destructive: false,
    argumentNotes: { fence: 'lane.fence of your claim' },
    hides: ['note'],
    ends: 'lane',
  },
  command: { name: 'release', positionals: ['lane'] },
})

export const claimAll = defineOperation({
  id: 'lanes.claimAll',
  summary: 'Claim several lanes at once, all or none',
  effect: 'write',
  input: z.object({
    lanes: z
      .array(laneName, { error: 'lanes must be a list of 1 to 32 lane names' })
      .min(1, { error: 'lanes must be a list of 1 to 32 lane names' })
      .max(32, { error: 'lanes must be a list of 1 to 32 lane names' })
      .describe('Lane names; one that comes twice counts once.'),
    owner: ownerName,
    lease_s: leaseSeconds,
    session,
    note,
  }),
  output: z.object({
    ok: z.literal(true),
    lanes: z.array(z.object(grant)).describe('By name, in the order of their characters’ codes.'),
    ...grantedLease,
  }),
  errors: {
    lanes_held: {
      kind: 'busy',
      summary: 'Some of the lanes cannot be had now; `lanes` lists each of them, and none was claimed.',
      details: z.object({ lanes: z.array(lane), retry_after_ms: z.int() }),
    },
    lease_lost: lost,
  },
  actor: 'owner',
  session: 'session',
  http: { method: 'POST', path: '/lanes/claim' },
})

export const verify = defineOperation({
  id: 'lanes.verify',
  summary: 'Say whether a fence is that of the present tenure',
  effect: 'read',
  input: z.object({
    lane: laneName,
    fence: z
      .int({ error: 'fence must be the integer that the claim returned' })
      .min(0, { error: 'fence must be the integer that the claim returned' })
      .describe('The fence that came with the work.'),
  }),
  output: z.object({
    valid: z
      .boolean()
      .describe('The lane is held live under this fence. Whoever guards a resource turns the others away.'),
    lane,
    server_time: serverTime,
  }),
  errors: {},
  http: { method: 'GET', path: '/lanes/{lane}/verify' },
  command: { name: 'verify', positionals: ['lane', 'fence'], answersWith: 'valid' },
})

export const get = defineOperation({
  id: 'lanes.get',
  summary: 'Show one lane',
  effect: 'read',
  input: z.object({ lane: laneName }),
  output: z.object({ lane, server_time: serverTime }),
  errors: {
    lane_not_found: { kind: 'not_found', summary: 'The lane was never claimed. Claiming it makes it.' },
  },
  http: { method: 'GET', path: '/lanes/{lane}' },
  resource: {
    uri: 'bus://lanes/{lane}',
    title: 'A lane',
    description: 'Who holds one lane, since when and until when, and how many wait for it.',
    names: laneNames,
    touchedBy: ({ lane }) => (typeof lane === 'string' ? lane : undefined),
  },
  command: { name: 'lane', positionals: ['lane'] },
})

export const list = defineOperation({
  id: 'lanes.list',
  summary: 'List the lanes, by name',
  effect: 'read',
  input: z.object({
    state: z
      .enum(['free', 'held', 'orphaned'], { error: 'state must be free, held or orphaned' })
      .optional()
      .describe('Only lanes in this state.'),
    owner: ownerName.optional().describe('Only lanes that this owner holds or has orphaned.'),
    after: laneName.optional().describe('Only names after this one: next_after of the page before.'),
    limit: pageLimit('Lanes', 100),
  }),
  output: z.object({
    lanes: z.array(lane).describe('By name, in the order of their characters’ codes.'),
    next_after: z.string().nullable().describe('Pass as after for the next page; null at the end.'),
    server_time: serverTime,
  }),
  errors: {},
  http: { method: 'GET', path: '/lanes' },
  resource: {
    uri: 'bus://lanes',
    title: 'Lanes',
    description: 'The first 100 lanes by name: who holds them, what lapsed, what is free.',
    touchedBy: ({ lane }) => lane !== undefined,
  },
  command: { name: 'lanes', positionals: [] },
})

export const history = defineOperation({
  id: 'lanes.history',
  summary: 'List what happened to a lane, newest first',
  effect: 'read',
  input: z.object({
    lane: laneName,
    before_rev: z
      .int({ error: 'before_rev must be an integer' })
      .min(1)
      .optional()
      .describe('Only events before this rev: the last one of the page before.'),
    limit: pageLimit('Events', 50),
  }),
  output: z.object({
    lane: z.string(),
    events: z.array(laneEvent),
    refusals: z
      .array(z.object(refusal))
      .describe('Who was refused and by which tenure, the newest first; at most as many as the limit, on every page.'),
  }),
  errors: {
    lane_not_found: { kind: 'not_found', summary: 'The lane was never claimed. Claiming it makes it.' },
  },
  http: { method: 'GET', path: '/lanes/{lane}/history' },
  tool: {
    name: 'get_lane_history',
    title: 'History of a lane',
    toolset: 'history',
    description: 'See who claimed, renewed, lost and released a lane, newest first, and who was refused.',
    idempotent: true,
    destructive: false,
    defaults: { limit: 20 },
    argumentNotes: { before_rev: 'Older ones' },
    concise: { leaves: ['request_id'], maxTextLength: 300, maxEntries: 500 },
  },
  command: { name: 'history', positionals: ['lane'] },
})

const windowError = 'window_s must be an integer from 60 to 604800'
const tenuresError = 'limit must be an integer from 1 to 5000'

export const timeline = defineOperation({
  id: 'lanes.timeline',
  summary: 'Show who held what over the last so many seconds',
  effect: 'read',
  input: z.object({
    window_s: z
      .int({ error: windowError })
      .min(60, { error: windowError })
      .max(604_800, { error: windowError })
      .default(3_600)
      .describe('How far to look back, in seconds: from a minute to a week.'),
    limit: z
      .int({ error: tenuresError })
      .min(1, { error: tenuresError })
      .max(5_000, { error: tenuresError })
      .default(2_000)
      .describe('Tenures, 1 to 5000: those that go on, then those to which anything happened last.'),
  }),
  output: z.object({
    from: moment.describe(
      'The beginning of the window; later than asked for when there are more than 100,000 events in it.',
    ),
    until: moment.describe('Its end: the bus’s clock at this answer.'),
    tenures: z
      .array(tenure)
      .describe(
        'All that lie inside the window in part or whole, by lane, then by fence; also what is held or orphaned now and nothing happened to.',
      ),
    refusals: z
      .array(z.object({ lane: z.string(), ...refusal }))
      .describe('Those that came inside the window, the newest first; at most as many as the limit.'),
    truncated: z
      .boolean()
      .describe('There were more tenures or refusals than the limit, or more events: the oldest are left out.'),
  }),
  errors: {},
  http: { method: 'GET', path: '/timeline' },
  tool: {
    name: 'get_timeline',
    title: 'Who held what',
    toolset: 'history',
    description: 'See who held which lanes over the last so many seconds, and who was refused meanwhile.',
    idempotent: true,
    destructive: false,
    defaults: { limit: 100 },
    concise: { leaves: [], maxTextLength: 300, maxEntries: 100 },
  },
  command: { name: 'timeline', positionals: [] },
})
