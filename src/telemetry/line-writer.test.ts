import { describe, expect, it } from 'vitest'
import { createLineWriter } from './line-writer.ts'

/** A stream that keeps what it was given until somebody reads. */
function createSlowStream() {
  let waiting = ''
  return {
    write: (text: string) => {
      waiting += text
      return true
    },
    get writableLength() {
      return waiting.length
    },
    read: () => {
      const read = waiting
      waiting = ''
      return read.split('\n').slice(0, -1)
    },
  }
}

describe('lines for a reader that may sleep', () => {
  it('come one by one', () => {
    const stream = createSlowStream()
    const write = createLineWriter(stream)
    write('a')
    write('b')
    expect(stream.read()).toEqual(['a', 'b'])
  })

  it('are dropped when too much waits, and how many is told when it goes on', () => {
    const stream = createSlowStream()
    const write = createLineWriter(stream, 100)
    for (let line = 0; line < 1_000; line++) write('x'.repeat(9))
    // The one over the bound is still taken.
    expect(stream.writableLength).toBe(110)
    stream.read()
    write('next')
    write('after')
    const [told = '', ...rest] = stream.read()
    expect(JSON.parse(told)).toMatchObject({ level: 'warn', event: 'log lines dropped', lines: 989 })
    expect(rest).toEqual(['next', 'after'])
  })
})
