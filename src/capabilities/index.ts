import type { Capability } from '../core/capability.ts'
import { events } from './events/index.ts'
import { lanes } from './lanes/index.ts'
import { log } from './log/index.ts'
import { messages } from './messages/index.ts'
import { retries } from './retries/index.ts'
import { status } from './status/index.ts'

export { createWriteOnce } from './retries/index.ts'

/** What the product can do. One line adds a capability to every surface. */
export const capabilities: readonly Capability[] = [log, messages, lanes, events, status, retries]
