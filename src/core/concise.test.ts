import { describe, expect, it } from 'vitest'
import { type ConciseSpec, toConcise } from './concise.ts'

const spec: ConciseSpec = { leaves: ['rev'], maxTextLength: 5, maxEntries: 2 }

describe('a concise answer', () => {
  it('keeps the fields of its own, and leaves out of what is inside what is null or false', () => {
    const answer = { more: false, next: null, lanes: [{ name: 'a', owner: null, held: false, waiters: 0, note: '' }] }
    expect(toConcise(answer, spec)).toEqual({ more: false, next: null, lanes: [{ name: 'a', waiters: 0, note: '' }] })
  })

  it('leaves the fields out that it is told, wherever they are', () => {
    expect(toConcise({ rev: 1, lane: { rev: 2, fence: 3 }, lanes: [{ rev: 4, fence: 5 }] }, spec)).toEqual({
      lane: { fence: 3 },
      lanes: [{ fence: 5 }],
    })
  })

  it('cuts long texts, and says how long they were', () => {
    expect(toConcise({ body: '12345' }, spec)).toEqual({ body: '12345' })
    expect(toConcise({ messages: [{ id: 1, body: '123456' }] }, spec)).toEqual({
      messages: [{ id: 1, body: '12345…', body_length: 6 }],
    })
  })

  it('never cuts a character in two', () => {
    expect(toConcise({ body: '1234😀6' }, spec)).toEqual({ body: '1234…', body_length: 7 })
  })

  it('cuts long lists, and says how many are missing', () => {
    expect(toConcise({ lanes: [{ name: 'a' }, { name: 'b' }] }, spec)).toEqual({
      lanes: [{ name: 'a' }, { name: 'b' }],
    })
    expect(toConcise({ ids: [1, 2, 3, 4] }, spec)).toEqual({ ids: [1, 2], ids_more: 2 })
  })
})
