import { sql } from '../../core/database.ts'
import type { Invariant } from '../../core/invariant.ts'

export const invariants: readonly Invariant[] = [
  {
    name: 'retries.keys',
    holds:
      'each recorded key has the fingerprint of its request and a whole answer, from no later than the last moment',
    table: 'kept_answers',
    // Neither the key, which a caller made, nor the answer is told.
    violations: sql`
      select at, length(answer) as answer_length from kept_answers cross join bus_store
      where idempotency_key = '' or fingerprint = '' or answer not like '{%}' or at > last_moment
      order by at`,
  },
]
