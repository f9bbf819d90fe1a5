import { defineCapability } from '../../core/capability.ts'
import { invariants } from './invariants.ts'
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
export { dropMessages } from './drop.ts'
export { deleteEventsBefore, type EventKind, type EventRow, getEventBounds, selectEvents } from './events-store.ts'
export {
  countMessages,
  countPending,
  EVERY_MESSAGE,
  findMessage,
  getMessageBounds,
  type MessageFilter,
  type MessageRow,
  selectLastPosts,
  selectMessages,
  selectNewestTexts,
  selectPending,
  selectSince,
  selectSinceTexts,
  selectSizes,
  selectTopics,
} from './messages-store.ts'
export {
  isAskedAgain,
  readBounds,
  readNewest,
  readNewestSizes,
  readSinceSizes,
  recallNewest,
  recallSince,
} from './recent.ts'
export { indexWords } from './words.ts'

/** What lanes and messages append to. Has no operations of its own: those are of the capabilities above it. */
export const log = defineCapability({
  name: 'log',
  instructions: '',
  operations: [],
  migrations,
  invariants,
  tables: [
    {
      name: 'messages',
      columns: [
        ...['id', 'topic', 'sender', 'body', 'action_flag', 'ts', 'recipient', 'thread_id', 'lane', 'fence'],
        ...['is_system', 'acked_by', 'acked_at'],
      ],
      key: ['id'],
      moment: 'ts',
    },
    { name: 'message_bounds', columns: ['floor_id'], key: ['floor_id'], isSingle: true },
    { name: 'events', columns: ['id', 'kind', 'subject', 'ref', 'at'], key: ['id'], moment: 'at' },
    { name: 'event_bounds', columns: ['floor_id'], key: ['floor_id'], isSingle: true },
  ],
  // So that a search has only the last of it to do. A tenth of the time at the most, for those who post are waited for.
  chores: [{ name: 'log.index-words', everyMs: 1_000, run: ({ database }) => indexWords(database, 100) }],
})
