import { bind, defineCapability } from '../../core/capability.ts'
import * as contract from './contract.ts'
import { creditLanes, proveLife } from './credit.ts'
import * as handlers from './handlers.ts'
import { invariants } from './invariants.ts'
import { keepRefusals } from './keep-refusals.ts'
import { migrations } from './migrations.ts'
import { handover } from './prompts.ts'
import { tallied } from './refusal-tally.ts'

export { requireTenure } from './change.ts'
export { type LaneCounts, readLaneCounts } from './counts.ts'
export type { Lane } from './decide.ts'
export { countWaitingHolders, findFirstAbsence, selectWaiterCounts } from './queue-store.ts'
export { deleteRefusalsBefore } from './refusals-store.ts'
export {
  deleteLaneEvents,
  findFirstClaimAfter,
  selectContendedLanes,
  selectEventsOfLanes,
  selectLanesByExpiry,
  selectLanesNamed,
  selectTenuresSince,
} from './store.ts'
export { toWireLane, toWireLaneEvent, type WireLane, writeLane } from './wire.ts'

export const lanes = defineCapability({
  name: 'lanes',
  instructions:
    'Before you change what others may change too, claim_lane the lane that stands for it (one name per thing, as in "feeds-refactor"). A lane is a lease: claim it with keep_alive where claim_lane offers that, else renew it with heartbeat_lane well before lease_s is over; release_lane as soon as you are done. If a claim is refused, do other work, ask the owner with post_message, or claim again with wait_s: those who wait are served in order. If a heartbeat is refused, or a result names the lane under lost, stop: another agent may be at work there.',
  operations: [
    bind(contract.claim, tallied(handlers.claim)),
    bind(contract.release, tallied(handlers.release)),
    bind(contract.heartbeat, tallied(handlers.heartbeat)),
    bind(contract.claimAll, tallied(handlers.claimAll)),
    bind(contract.list, handlers.list),
    bind(contract.get, handlers.get),
    bind(contract.history, handlers.history),
    bind(contract.verify, handlers.verify),
    bind(contract.timeline, handlers.timeline),
  ],
  prompts: [handover],
  migrations,
  invariants,
  // Not who waits: they ask again.
  tables: [
    {
      name: 'lanes',
      columns: [
        ...['name', 'fence', 'rev', 'owner', 'session', 'note', 'claimed_at', 'renewed_at', 'expires_at', 'lease_ms'],
        ...['changed_at', 'last_owner', 'last_fence', 'last_end'],
      ],
      key: ['name'],
      moment: 'changed_at',
    },
    {
      name: 'lane_events',
      columns: ['lane', 'rev', 'event', 'owner', 'from_owner', 'fence', 'at', 'lease_ms', 'note', 'request_id'],
      key: ['lane', 'rev'],
    },
    {
      name: 'lane_refusals',
      columns: ['lane', 'owner', 'code', 'fence', 'held_by', 'count', 'first_at', 'last_at'],
      key: ['lane', 'owner', 'code', 'fence'],
    },
  ],
  onOutage: creditLanes,
  chores: [proveLife, keepRefusals],
})
