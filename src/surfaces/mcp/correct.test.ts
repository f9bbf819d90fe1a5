import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { laneName } from '../../capabilities/lanes/schemas.ts'
import { printableLine, printableText } from '../../core/fields.ts'
import { correctArguments } from './correct.ts'

const input = z.strictObject({
  lane: laneName,
  body: printableText('body', 60),
  note: printableLine('note', 20).optional(),
  flag: z.boolean().default(false),
  since_id: z.int().min(0).max(100).optional(),
  detail: z.enum(['concise', 'full']).default('concise'),
})
const right = { lane: 'feeds', body: 'hello' }

const correct = (args: object) => {
  const given = { ...right, ...args }
  const parsed = input.safeParse(given)
  const wrong = (parsed.error?.issues ?? []).flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys : issue.path.map(String),
  )
  return correctArguments(input, given, wrong)
}

describe('wrong arguments', () => {
  it.each(['constructor', 'toString', 'hasOwnProperty'])('that every object inherits are left out: %s', (name) => {
    expect(correct({ [name]: 1 })).toEqual(right)
  })

  it.each([
    ['True', true],
    [' yes ', true],
    [1, true],
    ['FALSE', false],
    ['no', false],
    [0, false],
  ])('that mean a boolean become it: %j', (given, flag) => {
    expect(correct({ flag: given })).toEqual({ ...right, flag })
  })

  it.each([['perhaps'], [2], [[true]], [null], [{}]])('that mean no boolean are left out: %j', (flag) => {
    expect(correct({ flag })).toEqual(right)
  })

  it.each([
    ['7', 7],
    [7.9, 7],
    [-3, 0],
    [1_000, 100],
  ])('that are nearly a number become it, and never a larger one within the bounds: %j', (given, since_id) => {
    expect(correct({ since_id: given })).toEqual({ ...right, since_id })
  })

  it('whose name is none find the one field that begins with the same word', () => {
    expect(correct({ since: '7' })).toEqual({ ...right, since_id: 7 })
    expect(correct({ sinceId: 7 })).toEqual({ ...right, since_id: 7 })
    // Never over what was given, nor where two could be meant.
    expect(correct({ since: 7, since_id: 9 })).toEqual({ ...right, since_id: 9 })
    expect(correct({ since: 'when?' })).toEqual(right)
  })

  it('that are a choice in other letters become it, and are left out when they are none', () => {
    expect(correct({ detail: ' FULL' })).toEqual({ ...right, detail: 'full' })
    expect(correct({ detail: 'verbose' })).toEqual(right)
  })

  it('that are a text keep their lines, and lose only what hides something', () => {
    expect(correct({ body: 'one\r\n\ttwo\0\x1b three\rfour' })).toEqual({ ...right, body: 'one\n\ttwo  three\nfour' })
    expect(correct({ note: 'one\ntwo' })).toEqual({ ...right, note: 'one two' })
  })

  it('that are a text too long to mend are for the caller to write, never a scrap of it', () => {
    expect(correct({ body: `${'版'.repeat(30)} v2` })).toEqual({ ...right, body: '…' })
  })

  it('that are a name become one', () => {
    expect(correct({ lane: '.github/work flows' })).toEqual({ ...right, lane: 'github-work-flows' })
  })
})
