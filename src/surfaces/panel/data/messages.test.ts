import { describe, expect, it } from 'vitest'
import {
  addNewer,
  addOlder,
  EVERYTHING,
  fitsFilter,
  MAX_SHOWN,
  type Message,
  PAGE,
  replaceMessage,
  toReadInput,
} from './messages.ts'

const message = (id: number, fields: Partial<Message> = {}): Message => ({
  id,
  topic: 'converge',
  sender: 'ann',
  body: `body ${id}`,
  action_flag: false,
  ts: '2026-01-31T12:00:00.000Z',
  ...fields,
})
const windowOf = (...ids: readonly number[]) => ({ messages: ids.map((id) => message(id)), hasOlder: false })
const idsOf = ({ messages }: { readonly messages: readonly Message[] }) => messages.map(({ id }) => id)

describe('what is asked for', () => {
  it('is the newest page when nothing is filtered', () => {
    expect(toReadInput(EVERYTHING)).toEqual({ limit: PAGE })
  })

  it('has each filter that is set, and no other', () => {
    const filter = { topic: 't', sender: 's', search: ' two words ', flagged: true, thread: 7, from: 0 }
    expect(toReadInput(filter, 12)).toEqual({
      ...{ topic: 't', sender: 's', search: 'two words', flagged: true, thread_id: 7, before_id: 12, limit: PAGE },
    })
  })

  it('begins with the message that the address names', () => {
    expect(toReadInput({ ...EVERYTHING, from: 12 })).toEqual({ before_id: 13, limit: PAGE })
    expect(toReadInput({ ...EVERYTHING, from: 12 }, 5)).toEqual({ before_id: 5, limit: PAGE })
  })
})

describe('a message that has just come', () => {
  it('fits when each filter that is set fits', () => {
    const filter = { ...EVERYTHING, topic: 'converge', sender: 'ann', thread: 3, flagged: true }
    const fitting = { thread_id: 3, action_flag: true }
    expect(fitsFilter(message(4, fitting), filter)).toBe(true)
    expect(fitsFilter(message(3, { action_flag: true }), filter)).toBe(true)
    for (const other of [{ topic: 'x' }, { sender: 'x' }, { thread_id: 4 }, { action_flag: false }]) {
      expect(fitsFilter(message(4, { ...fitting, ...other }), filter), JSON.stringify(other)).toBe(false)
    }
  })

  it('never fits a search, which is the bus’s to decide, nor a stretch of the past', () => {
    expect(fitsFilter(message(4), { ...EVERYTHING, search: 'body' })).toBe(false)
    expect(fitsFilter(message(4), { ...EVERYTHING, from: 2 })).toBe(false)
  })
})

describe('a stretch of messages', () => {
  it('takes newer ones on top, each once, newest first', () => {
    expect(idsOf(addNewer(windowOf(3, 2), [message(4), message(3), message(5)]))).toEqual([5, 4, 3, 2])
  })

  it('stays the same object when all are known, so that nothing is drawn anew', () => {
    const window = windowOf(3, 2)
    expect(addNewer(window, [message(3)])).toBe(window)
  })

  it('lets the oldest go when there are too many, and knows that there are older ones then', () => {
    const ids = Array.from({ length: MAX_SHOWN }, (_, index) => MAX_SHOWN - index)
    const full = addNewer(windowOf(...ids), [message(MAX_SHOWN + 1)])
    expect(full.messages).toHaveLength(MAX_SHOWN)
    expect([full.messages[0]?.id, full.messages.at(-1)?.id, full.hasOlder]).toEqual([MAX_SHOWN + 1, 2, true])
  })

  it('takes a page of older ones below, however short it is, and knows from the bus whether there are more', () => {
    const { messages } = windowOf(2, 1)
    const window = addOlder(windowOf(3), { messages, more: true })
    expect(window).toEqual({ messages: windowOf(3, 2, 1).messages, hasOlder: true })
    expect(addOlder(windowOf(3), { messages, more: false })).toMatchObject({ hasOlder: false })
  })

  it('shows a message as it is now, where it stands', () => {
    const acked = message(2, { acked_by: 'bob' })
    expect(replaceMessage(windowOf(3, 2), acked).messages[1]).toBe(acked)
    const window = windowOf(3)
    expect(replaceMessage(window, acked)).toBe(window)
  })
})
