import { bind, defineCapability } from '../../core/capability.ts'
import * as contract from './contract.ts'
import * as handlers from './handlers.ts'
import { sweep } from './sweep.ts'

export const events = defineCapability({
  name: 'events',
  instructions: '',
  operations: [bind(contract.read, handlers.read)],
  migrations: [],
  chores: [{ name: 'events.sweep', everyMs: 60_000, run: sweep }],
})
