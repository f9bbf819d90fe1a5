import { defineCapability } from '../../core/capability.ts'
import { invariants } from './invariants.ts'
import { migrations } from './migrations.ts'

export { createWriteOnce } from './write-once.ts'

/** Has no operations of its own: every write of the others may be retried. */
export const retries = defineCapability({
  name: 'retries',
  instructions: '',
  operations: [],
  migrations,
  invariants,
  tables: [
    {
      name: 'kept_answers',
      columns: ['idempotency_key', 'fingerprint', 'answer', 'at'],
      key: ['idempotency_key'],
      moment: 'at',
    },
  ],
})
