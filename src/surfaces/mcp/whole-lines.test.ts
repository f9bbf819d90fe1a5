import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { findId, WholeLines } from './whole-lines.ts'

/** Sends chunks through, and tells what comes out and what is dropped. */
async function pass(maxBytes: number, chunks: readonly string[]) {
  const dropped: string[] = []
  const lines = new WholeLines(maxBytes, (head, tail) => dropped.push(`${head}…${tail}`))
  const passed = await text(Readable.from(chunks.map((chunk) => Buffer.from(chunk))).pipe(lines))
  return { passed, dropped }
}

describe('the lines of an input', () => {
  it('are passed on whole, however they come, and without what follows the last', async () => {
    const whole = 'a\nbé🚌\r\n\n\nlast\n'
    for (const chunks of [[whole], [...whole], ['a', '\nb', 'é🚌\r\n\n', '\nlast\n', 'cut o'], [whole, 'f']]) {
      expect(await pass(100, chunks)).toEqual({ passed: whole, dropped: [] })
    }
  })

  it('are dropped when they are too long, and the next one is passed on', async () => {
    expect(await pass(4, ['abc\nabcd\nabc\n'])).toEqual({ passed: 'abc\nabc\n', dropped: ['abcd\n…abcd\n'] })
    expect(await pass(4, [...'abc\nabcdefg\nabc\n', ...'hijkl'])).toMatchObject({ passed: 'abc\nabc\n' })
  })

  it('leave 512 bytes of each end when they are dropped', async () => {
    const long = `head${'x'.repeat(2_000)}tail\n`
    const head = `head${'x'.repeat(508)}`
    const tail = `${'x'.repeat(507)}tail\n`
    for (const chunks of [[long], [...long]]) {
      expect(await pass(1_000, chunks)).toEqual({ passed: '', dropped: [`${head}…${tail}`] })
    }
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
