import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { widthOf } from './text-width.ts'
import { type FrameOptions, renderFrame } from './top-frame.ts'
import type { LaneView, MessageView, Snapshot } from './top-snapshot.ts'

const NOW = Date.parse('2026-03-10T14:00:00.000Z')
const MINUTE = 60_000

const lane: LaneView = {
  name: 'feeds',
  owner: 'planner',
  note: 'moving the parser',
  expiresAt: NOW + 2.5 * MINUTE,
  leaseMs: 5 * MINUTE,
  fence: 7,
  waiters: 0,
}

const message: MessageView = {
  id: 41,
  at: NOW - MINUTE,
  topic: 'converge',
  sender: 'builder',
  recipient: undefined,
  body: 'the parser is done',
  isPending: false,
}

const empty: Snapshot = {
  now: NOW,
  counts: { active: 0, orphaned: 0, waiting: 0, needsYou: 0 },
  needs: [],
  lanes: [],
  messages: [],
}

const busy: Snapshot = {
  now: NOW,
  counts: { active: 1, orphaned: 1, waiting: 2, needsYou: 3 },
  needs: [
    { kind: 'flag', since: NOW - 3 * MINUTE, what: '#40 migrations: Approve the migration of table parcels?' },
    { kind: 'orphaned', since: NOW - 90 * MINUTE, what: 'old: the lease of tester ran out' },
    { kind: 'contended', since: NOW - 20_000, what: 'feeds: 2 wait, planner has it' },
  ],
  lanes: [
    { ...lane, waiters: 2 },
    { ...lane, name: 'old', owner: 'tester', note: '', expiresAt: NOW - 90 * MINUTE },
  ],
  messages: [message, { ...message, id: 40, sender: 'migrations', recipient: 'builder', isPending: true }],
}

function render(snapshot: Snapshot, options: Partial<FrameOptions> = {}): string[] {
  const standard = {
    width: 100,
    height: undefined,
    now: NOW,
    hasColours: false,
    place: 'http://127.0.0.1:8100/api/bus',
  }
  return renderFrame(snapshot, { ...standard, ...options }).split('\n')
}

const lineWith = (lines: readonly string[], part: string) => lines.find((line) => line.includes(part)) ?? ''

describe('the frame', () => {
  it('shows the four numbers, what waits for a person, the lanes and what was said', () => {
    const time = /\d\d:\d\d:\d\d/
    const lines = render(busy).map((line) => line.replace(time, 'HH:MM:SS'))
    expect(lines).toEqual([
      'bus-mcp  http://127.0.0.1:8100/api/bus  HH:MM:SS',
      '1 active   1 orphaned   2 waiting   3 need you',
      '',
      'NEEDS YOU  3',
      '  flag         3m  #40 migrations: Approve the migration of table parcels?',
      '  orphaned     1h  old: the lease of tester ran out',
      '  contended   20s  feeds: 2 wait, planner has it',
      '',
      'LANES  2',
      '  feeds  planner  █████░░░░░     2:30  fence 7     2 wait  moving the parser',
      '  old    tester   ░░░░░░░░░░      -1h  fence 7',
      '',
      'MESSAGES',
      '  HH:MM:SS  builder  converge #41  the parser is done',
      '  HH:MM:SS  ! migrations → builder  converge #40  the parser is done',
    ])
  })

  it('says so where there is nothing', () => {
    expect(render(empty).slice(1)).toEqual([
      '0 active   0 orphaned   0 waiting   0 need you',
      '',
      'NEEDS YOU  0',
      '  nothing',
      '',
      'LANES  0',
      '  nobody holds one',
      '',
      'MESSAGES',
      '  none yet',
    ])
  })

  it('shows the time that is left when it is drawn, not when it was told', () => {
    const left = (now: number) => lineWith(render({ ...busy, lanes: [lane] }, { now }), 'moving')
    expect(left(NOW + MINUTE)).toContain('███░░░░░░░     1:30')
    expect(left(NOW + 2.5 * MINUTE - 1)).toContain('█░░░░░░░░░     0:01')
    expect(left(NOW + 3 * MINUTE)).toContain('░░░░░░░░░░     -30s')
    expect(left(NOW - 2.5 * MINUTE)).toContain('██████████     5:00')
    expect(left(NOW - 58 * MINUTE)).toContain('██████████  1:00:30')
  })

  it('leaves out what an older bus does not tell', () => {
    const old = { ...lane, leaseMs: undefined, fence: undefined, waiters: undefined, note: '' }
    const lines = render({ ...busy, counts: { ...busy.counts, waiting: undefined }, lanes: [old] })
    expect(lines[1]).toBe('1 active   1 orphaned   - waiting   3 need you')
    expect(lineWith(lines, 'feeds  planner')).toMatch(/^ {2}feeds {2}planner {17}2:30 {2}fence -$/)
  })

  it('says that the bus is away, and how old what it shows is', () => {
    const [title] = render(busy, { now: NOW + 42_000, problem: 'connection refused' })
    expect(title).toBe('disconnected, showing data 42 s old: connection refused  http://127.0.0.1:8100/api/bus')
  })

  it('has exactly the lines of the terminal, and tells how much it has no room for', () => {
    const lanes = Array.from({ length: 30 }, (_, index) => ({ ...lane, name: `lane-${index}` }))
    const messages = Array.from({ length: 50 }, (_, id) => ({ ...message, id }))
    const crowded = { ...busy, counts: { ...busy.counts, active: 130 }, lanes, messages }
    const lines = render(crowded, { height: 24, footer: 'q ends' })
    expect(lines).toHaveLength(24)
    expect(lines.at(-1)).toBe('q ends')
    expect(lines.filter((line) => line.includes('fence'))).toHaveLength(8)
    expect(lineWith(lines, 'LANES')).toBe('LANES  131, 123 of them not shown')
    expect(lineWith(lines, 'NEEDS YOU')).toBe('NEEDS YOU  3')
  })

  it('keeps its last line at the bottom also where there is little to show', () => {
    const lines = render(empty, { height: 30, footer: 'q ends' })
    expect(lines).toHaveLength(30)
    expect(lines.at(-1)).toBe('q ends')
  })

  it('leaves out the bar, and then the note, where the terminal is narrow', () => {
    const atWidth = (width: number) => lineWith(render({ ...busy, lanes: [lane] }, { width }), 'feeds  planner')
    expect(atWidth(50)).toBe('  feeds  planner      2:30  fence 7     moving th…')
    expect(atWidth(30)).toBe('  feeds  planner      2:30  f…')
  })

  it('shows texts of agents as text: nothing that moves the cursor, colours, or begins another line', () => {
    const evil = '\u001b[2J\u001b]0;title\u0007red\u001b[31m\r\nnext\u202e'
    const lines = render({
      ...busy,
      needs: [{ kind: 'flag', since: NOW, what: evil }],
      lanes: [{ ...lane, name: evil, owner: evil, note: evil }],
      messages: [{ ...message, topic: evil, sender: evil, body: evil }],
    })
    expect(lines).toHaveLength(11)
    const text = lines.join('')
    expect(text).not.toMatch(/[\p{Cc}\u202e]/u)
    expect(text).toContain('red next')
  })

  it('is coloured only where it may be, and then says the same', () => {
    const plain = render(busy, { height: 24 })
    const coloured = render(busy, { height: 24, hasColours: true })
    expect(plain.join('')).not.toContain('\u001b')
    expect(coloured.join('')).toContain('\u001b[31m')
    expect(coloured.map((line) => stripVTControlCharacters(line).trimEnd())).toEqual(plain)
  })

  it('fits any terminal, whatever agents write', () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 })
    const anyLane = fc.record({
      name: text,
      owner: text,
      note: text,
      expiresAt: fc.option(fc.integer({ min: NOW - 1e9, max: NOW + 1e9 }), { nil: undefined }),
      leaseMs: fc.option(fc.integer({ min: 1, max: 1e9 }), { nil: undefined }),
      fence: fc.option(fc.nat(), { nil: undefined }),
      waiters: fc.option(fc.nat(50), { nil: undefined }),
    })
    const anyNeed = fc.record({ kind: text, since: fc.constant(NOW), what: text })
    const size = fc.record({ width: fc.integer({ min: 1, max: 200 }), height: fc.integer({ min: 1, max: 60 }) })
    fc.assert(
      fc.property(fc.array(anyLane), fc.array(anyNeed), text, size, (lanes, needs, body, { width, height }) => {
        const lines = render(
          { ...busy, lanes, needs, messages: [{ ...message, body }] },
          { width, height, footer: 'q' },
        )
        expect(lines).toHaveLength(height)
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width)
      }),
    )
  })
})
