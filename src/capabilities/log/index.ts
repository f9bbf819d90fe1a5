import { defineCapability } from '../../core/capability.ts'
import { migrations } from './migrations.ts'
import { indexWords } from './words.ts'

export {
  acknowledgeMessage,
  appendEvent,
  appendMessage,
  appendSystemMessage,
  EVENTS_CHANNEL,
  MESSAGES_CHANNEL,
} from './append.ts'
export { type Bounds, describeBounds, describeExpired } from './bounds.ts'
export { deleteEventsBefore, type EventKind, type EventRow, getEventBounds, selectEvents } from './events-store.ts'
export {
  countMessages,
  countPending,
  deleteSettledMessages,
  findMessage,
  getMessageBounds,
  type MessageRow,
  selectMessages,
  selectNewest,
  selectPending,
  selectSince,
  updateMessageFloor,
} from './messages-store.ts'
export { indexWords } from './words.ts'

/** What lanes and messages append to. Has no operations of its own: those are of the capabilities above it. */
export const log = defineCapability({
  name: 'log',
  instructions: '',
  operations: [],
  migrations,
  // So that a search has only the last of it to do.
  chores: [{ name: 'log.index-words', everyMs: 1_000, run: ({ database }) => indexWords(database) }],
})
