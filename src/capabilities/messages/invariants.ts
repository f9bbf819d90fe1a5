import { sql } from '../../core/database.ts'
import type { Invariant } from '../../core/invariant.ts'

/** What a message says of a lane; the log below knows none. */
export const invariants: readonly Invariant[] = [
  {
    name: 'messages.fenced',
    holds:
      'one that names a tenure names one that there was, and is by its owner, where the history still tells who that was',
    table: 'messages',
    violations: sql`
      select id, lane, fence from (
        select id, messages.lane, messages.fence
        from messages left join lanes on name = lane
        where (messages.lane is null) <> (messages.fence is null)
          or (messages.lane is not null and (name is null or messages.fence < 1 or messages.fence > lanes.fence))
        union
        select id, messages.lane, messages.fence
        from messages join lane_events on lane_events.lane = messages.lane and lane_events.fence = messages.fence
        where event <> 'clear' and owner <> sender
      ) as strays
      order by id`,
  },
]
