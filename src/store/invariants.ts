import { sql } from '../core/database.ts'
import type { Invariant } from '../core/invariant.ts'

/** What holds of the store's own table. */
export const storeInvariants: readonly Invariant[] = [
  {
    name: 'store.identity',
    holds: 'there is one, with an epoch and the last moment that was written',
    table: 'bus_store',
    violations: sql`
      select count(*) as count, max(last_moment) as last_moment from bus_store
      having count(*) <> 1 or min(epoch) = '' or min(last_moment) < 0
      order by 1`,
  },
]
