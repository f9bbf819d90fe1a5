import { bind, defineCapability } from '../../core/capability.ts'
import * as contract from './contract.ts'
import * as handlers from './handlers.ts'
import { coordinate, standup } from './prompts.ts'

export const status = defineCapability({
  name: 'status',
  instructions:
    'get_bus_status shows who holds what, what lapsed, and which flags wait. A refusal ends with the call to make next; … in it stands for your own words.',
  operations: [bind(contract.get, handlers.get, handlers.writeGet), bind(contract.attention, handlers.attention)],
  prompts: [coordinate, standup],
  migrations: [],
})
