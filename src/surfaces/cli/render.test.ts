import { describe, expect, it } from 'vitest'
import { renderAnswer, toPlainText } from './render.ts'

describe('renderAnswer', () => {
  it('writes one field a line, the values under each other, without ok and what is null or absent', () => {
    const answer = { ok: true, decision: 'claim', lease_s: 300, note: null, stolen_from: undefined, lapsed: false }
    expect(renderAnswer(answer)).toBe('decision  claim\nlease_s   300\nlapsed    no')
  })

  it('writes milliseconds as a person reads a countdown', () => {
    const times = { zero_ms: 0, short_ms: 1, minute_ms: 60_000, long_ms: 3_852_001, day_ms: 86_400_000 }
    expect(renderAnswer(times)).toBe(
      'zero_ms    0s\nshort_ms   1s\nminute_ms  1m\nlong_ms    1h 4m 13s\nday_ms     24h',
    )
  })

  it('indents an object below its name', () => {
    expect(renderAnswer({ lane: { name: 'feeds', owner: 'planner' }, lease_s: 60 })).toBe(
      'lane\n  name   feeds\n  owner  planner\nlease_s  60',
    )
  })

  it('writes a list as a table with its count, and leaves out columns that are empty or no in every row', () => {
    const messages = [
      { id: 10, body: 'a longer body', action_flag: false, acked_by: null },
      { id: 9, body: 'short', action_flag: false },
    ]
    expect(renderAnswer({ messages })).toBe('messages (2)\n  id  body\n  10  a longer body\n  9   short')
  })

  it('fills the gaps of a column that only some rows have', () => {
    const rows = [{ id: 2, acked_by: 'builder' }, { id: 1 }]
    expect(renderAnswer({ rows })).toBe('rows (2)\n  id  acked_by\n  2   builder\n  1   -')
  })

  it('writes of an object in a table the first four fields, but for those that are null', () => {
    const lane = { name: 'feeds', state: 'held', owner: 'planner', note: null, fence: 7, rev: 9 }
    const message = { id: 1, topic: 'converge', sender: 'builder', body: 'one\ntwo', action_flag: true }
    expect(
      renderAnswer({
        items: [
          { kind: 'flag', message },
          { kind: 'silent', lane },
        ],
      }),
    ).toBe(
      [
        'items (2)',
        '  kind    message                       lane',
        '  flag    1 converge builder one ⏎ two  -',
        '  silent  -                             feeds held planner',
      ].join('\n'),
    )
  })

  it('writes an empty list and an empty object as nothing but their names', () => {
    expect(renderAnswer({ messages: [], _meta: {} })).toBe('messages (0)\n_meta')
    expect(renderAnswer({})).toBe('')
  })

  it('keeps a text of several lines on its line', () => {
    expect(renderAnswer({ body: 'one\ntwo\r\nthree\tfour' })).toBe('body  one ⏎ two ⏎ three four')
    expect(renderAnswer({ rows: [{ body: 'one\ntwo' }] })).toBe('rows (1)\n  body\n  one ⏎ two')
  })

  it('lets nothing of others move the cursor, wherever it stands', () => {
    const evil = '\u001b[2J\u001b]0;title\u0007evil\u009b31m\u0000'
    const answer = { [evil]: evil, [`${evil}2`]: { [evil]: evil }, rows: [{ [evil]: evil }] }
    expect(renderAnswer(answer)).not.toMatch(/[^\P{Cc}\n]/u)
  })
})

describe('toPlainText', () => {
  it.each([
    ['a colour', '\u001b[31mred\u001b[0m', 'red'],
    ['a title', '\u001b]0;owned\u0007text', 'text'],
    ['a link', '\u001b]8;;http://evil.example\u0007click\u001b]8;;\u0007', 'click'],
    ['an eight-bit sequence', '\u009b31mred', 'red'],
    ['a carriage return that overwrites the line', 'sent 5\rsent 500', 'sent 5sent 500'],
    ['backspaces', 'abc\b\b\bxyz', 'abcxyz'],
    ['a bell and a NUL', 'a\u0007b\u0000c', 'abc'],
    ['a sequence that is cut into pieces', '\u001b\u0000[31mred', '[31mred'],
    ['marks of direction', 'user\u202etxt.exe\u2066', 'usertxt.exe'],
  ])('takes out %s', (_, text, plain) => {
    expect(toPlainText(text)).toBe(plain)
  })

  it('leaves lines, letters of all scripts and emoji alone', () => {
    expect(toPlainText('übung\nשלום\r\n日本語 👩‍🔧')).toBe('übung\nשלום\n日本語 👩‍🔧')
  })

  it('leaves a long text whole, and no other row is as long for it', () => {
    const lines = renderAnswer({
      rows: [
        { body: 'x'.repeat(5_000), name: 'a' },
        { body: 'short', name: 'b' },
      ],
    }).split('\n')
    expect(lines.filter((line) => line.length > 200)).toHaveLength(1)
    expect(lines.join()).toContain('x'.repeat(5_000))
    expect(lines.find((line) => line.includes('short'))).toMatch(/short +b$/)
  })
})
