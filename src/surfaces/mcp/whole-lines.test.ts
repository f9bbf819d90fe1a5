import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { findId, WholeLines } from './whole-lines.ts'

/** Sends chunks through, and tells what comes out and what is dropped. */
async function pass(maxBytes: number, chunks: readonly string[]) {
  const dropped: string[] = []
  const lines = new WholeLines(maxBytes, (why, id) => dropped.push(`${why}: ${id}`))
  const passed = await text(Readable.from(chunks.map((chunk) => Buffer.from(chunk, 'latin1'))).pipe(lines))
  return { passed, dropped }
}

describe('the lines of an input', () => {
  it('are passed on whole, however they come, and without what follows the last', async () => {
    const whole = Buffer.from('a\nbé🚌\r\n\n\nlast\n').toString('latin1')
    for (const chunks of [[whole], [...whole], [whole.slice(0, 4), whole.slice(4), 'cut o'], [whole, 'f']]) {
      expect(await pass(100, chunks)).toEqual({ passed: 'a\nbé🚌\r\n\n\nlast\n', dropped: [] })
    }
  })

  it('are dropped when they are too long, and the next one is passed on', async () => {
    expect(await pass(4, ['abc\nabcd\nabc\n'])).toEqual({ passed: 'abc\nabc\n', dropped: ['too long: null'] })
    expect(await pass(4, [...'abc\nabcdefg\nabc\n', ...'hijkl'])).toMatchObject({ passed: 'abc\nabc\n' })
  })

  it('tell the id of a request that is dropped, however it comes', async () => {
    const padding = 'x'.repeat(2_000)
    const first = `{"jsonrpc":"2.0","id":7,"method":"${padding}"}\n`
    const last = `{"method":"${padding}","jsonrpc":"2.0","id":"a-1"}\n`
    for (const chunks of [[first + last], [...(first + last)], [first.slice(0, 1_500), first.slice(1_500), last]]) {
      expect(await pass(1_000, chunks)).toEqual({ passed: '', dropped: ['too long: 7', 'too long: a-1'] })
    }
  })

  it('are dropped when they are no UTF-8', async () => {
    expect(await pass(100, ['a\n\u00e9\nb\n'])).toEqual({ passed: 'a\nb\n', dropped: ['not UTF-8: null'] })
  })
})

describe('the id of a message that was dropped', () => {
  it.each([
    ['{"jsonrpc":"2.0","id":7,"method":"x', '', 7],
    ['{"id":"a-1","jsonrpc":"2.0","met', '', 'a-1'],
    ['{"method":"x', '"}},"jsonrpc":"2.0","id":7}\n', 7],
    ['{"method":"x', '"},"jsonrpc":"2.0","id":"a-1"}\r\n', 'a-1'],
  ])('is seen where clients write it: %s … %j', (head, tail, id) => {
    expect(findId(head, tail)).toBe(id)
  })

  it.each([
    ['of something inside', '{"method":"x', ',"inner":{"jsonrpc":"2.0","id":7}}\n'],
    ['in a text', '{"method":"{\\"id\\":1,', ',\\"id\\":7}"}\n'],
    ['that is none', '{"id":null,', '"id":{}}\n'],
    ['of a batch', '[{"jsonrpc":"2.0","id":7,', ',"id":8}]\n'],
  ])('is not taken for one %s', (_, head, tail) => {
    expect(findId(head, tail)).toBeNull()
  })
})
