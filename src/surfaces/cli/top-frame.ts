import { toMoment, toTimeOfDay } from '../../core/moment.ts'
import { toPlainText } from './render.ts'
import { cutTo, fitTo, widthOf } from './text-width.ts'
import type { LaneView, MessageView, Need, Snapshot } from './top-snapshot.ts'

export interface FrameOptions {
  /** Columns. */
  readonly width: number
  /** Lines; undefined when there is no end to them. */
  readonly height: number | undefined
  /** The bus's clock now, in epoch milliseconds. */
  readonly now: number
  readonly hasColours: boolean
  /** Where the bus is. */
  readonly place: string
  /** Why there is nothing newer; undefined while there is. */
  readonly problem?: string | undefined
  /** The last line, as which keys there are. */
  readonly footer?: string | undefined
}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow'

/** A piece of a line, whole or to be cut. Text of others has been made plain by then. */
type Span = readonly [text: string, style?: Style | undefined]
type Line = readonly Span[]

/** A list with its heading. */
interface Section {
  readonly title: string
  /** How many there are on the bus, which may be more than it told. */
  readonly count: number | undefined
  readonly lines: readonly Line[]
  /** What stands there when it is empty. */
  readonly empty: string
  /** How much of the height it may have before the others had theirs. */
  readonly share: number
}

const CODES: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
}

/** How many messages are shown where there is no end to the lines. */
const MESSAGES_ENDLESS = 10

/** The bus on one page: what waits for a person, who holds what, and what was said last. No line ends in a newline. */
export function renderFrame(snapshot: Snapshot, options: FrameOptions): string {
  const { width, height, hasColours, footer } = options
  const head = [...renderHead(snapshot, options), []]
  const foot: Line[] = footer === undefined ? [] : [[[footer, 'dim']]]
  const room = height === undefined ? undefined : height - head.length - foot.length
  const body = layOut(listSections(snapshot, options), room)
  const filler: Line[] = room === undefined ? [] : Array.from({ length: Math.max(0, room - body.length) }, () => [])
  return [...head, ...body, ...filler, ...foot]
    .slice(0, height)
    .map((line) => paint(line, width, hasColours))
    .join('\n')
}

function renderHead({ counts, now: takenAt }: Snapshot, { now, place, problem }: FrameOptions): Line[] {
  const age = Math.max(0, Math.floor((now - takenAt) / 1000))
  const title: Line =
    problem === undefined
      ? [['bus-mcp', 'bold'], [`  ${plain(place)}  ${toTimeOfDay(toMoment(now))}`]]
      : [[`disconnected, showing data ${age} s old`, 'red'], [`: ${plain(problem)}  ${plain(place)}`]]
  const number = (label: string, value: number | undefined, alarm: Style | undefined): Line => [
    [`${value ?? '-'}`, value !== undefined && value > 0 ? alarm : 'dim'],
    [` ${label}   `],
  ]
  return [
    title,
    [
      ...number('active', counts.active, 'bold'),
      ...number('orphaned', counts.orphaned, 'red'),
      ...number('waiting', counts.waiting, 'yellow'),
      ...number(counts.needsYou === 1 ? 'needs you' : 'need you', counts.needsYou, 'red'),
    ],
  ]
}

function listSections({ counts, needs, lanes, messages }: Snapshot, options: FrameOptions): Section[] {
  const { height, now } = options
  return [
    {
      title: 'NEEDS YOU',
      count: counts.needsYou,
      lines: needs.map((need) => renderNeed(need, now)),
      empty: 'nothing',
      share: 0.3,
    },
    {
      title: 'LANES',
      count: counts.active + counts.orphaned,
      lines: renderLanes(lanes, options),
      empty: 'nobody holds one',
      share: 0.4,
    },
    {
      title: 'MESSAGES',
      count: undefined,
      lines: messages.slice(0, height ?? MESSAGES_ENDLESS).map(renderMessage),
      empty: 'none yet',
      share: 0.3,
    },
  ]
}

/** Each section gets its share, and then what the others leave. */
function layOut(sections: readonly Section[], room: number | undefined): Line[] {
  const wanted = sections.map(({ lines }) => Math.max(1, lines.length))
  // Blank lines between them only where they are no loss.
  const hasGaps = room === undefined || room >= 18
  const fixed = sections.length + (hasGaps ? sections.length - 1 : 0)
  const given = room === undefined ? wanted : divide(Math.max(0, room - fixed), sections, wanted)
  const blocks = sections.map((section, index) => renderSection(section, given[index] ?? 0))
  const body = blocks.flatMap((block, index) => (hasGaps && index > 0 ? [[], ...block] : block))
  return body.slice(0, room)
}

function divide(room: number, sections: readonly Section[], wanted: readonly number[]): number[] {
  const given = sections.map(({ share }, index) => Math.min(wanted[index] ?? 0, Math.max(1, Math.floor(room * share))))
  let left = room - given.reduce((sum, count) => sum + count, 0)
  for (const [index, want] of wanted.entries()) {
    const more = Math.max(0, Math.min(left, want - (given[index] ?? 0)))
    given[index] = (given[index] ?? 0) + more
    left -= more
  }
  return given
}

function renderSection({ title, count, lines, empty }: Section, room: number): Line[] {
  const shown = lines.slice(0, room)
  const hidden = count === undefined ? 0 : Math.max(count, lines.length) - shown.length
  const heading: Line = [
    [title, 'bold'],
    [count === undefined ? '' : `  ${count}`],
    [hidden > 0 ? `, ${hidden} of them not shown` : '', 'dim'],
  ]
  const none: Line[] = room > 0 ? [[[`  ${empty}`, 'dim']]] : []
  return [heading, ...(shown.length > 0 ? shown : none)]
}

const NEED_STYLES: Readonly<Record<string, Style>> = {
  flag: 'red',
  orphaned: 'red',
  contended: 'yellow',
  silent: 'yellow',
}

function renderNeed({ kind, since, what }: Need, now: number): Line {
  const age = since === undefined ? '' : toAge(now - since)
  return [[`  ${fitTo(9, plain(kind))}`, NEED_STYLES[kind]], [`  ${age.padStart(4)}  `, 'dim'], [plain(what)]]
}

/** A table; what a narrow terminal has no room for is left out, the note first. */
function renderLanes(lanes: readonly LaneView[], { width, now }: FrameOptions): Line[] {
  const nameWidth = columnWidth(
    lanes.map(({ name }) => plain(name)),
    width < 60 ? 16 : 28,
  )
  const ownerWidth = columnWidth(
    lanes.map(({ owner }) => plain(owner)),
    width < 60 ? 12 : 20,
  )
  const waitWidth = columnWidth(
    lanes.map(({ waiters }) => describeWaiters(waiters)),
    9,
  )
  const barWidth = width < 60 ? 0 : 10
  return lanes.map((lane) => {
    const left = lane.expiresAt === undefined ? undefined : lane.expiresAt - now
    const isOver = left !== undefined && left <= 0
    const share = left === undefined || lane.leaseMs === undefined ? undefined : left / lane.leaseMs
    const style = isOver ? 'red' : share !== undefined && share < 1 / 3 ? 'yellow' : 'green'
    return [
      [`  ${fitTo(nameWidth, plain(lane.name))}  ${fitTo(ownerWidth, plain(lane.owner))}  `],
      [barWidth === 0 ? '' : `${toBar(share, barWidth)} `, style],
      [`${describeLeft(left).padStart(8)}  `, isOver ? 'red' : undefined],
      [`fence ${String(lane.fence ?? '-').padEnd(4)}  `, 'dim'],
      [waitWidth === 0 ? '' : `${fitTo(waitWidth, describeWaiters(lane.waiters))}  `, 'yellow'],
      [plain(lane.note), 'dim'],
    ]
  })
}

function renderMessage({ id, at, topic, sender, recipient, body, isPending }: MessageView): Line {
  const time = at === undefined ? '' : toTimeOfDay(toMoment(at))
  const to = recipient === undefined ? '' : ` → ${recipient}`
  return [
    [`  ${time.padEnd(8)}  `, 'dim'],
    [isPending ? '! ' : '', 'red'],
    [plain(`${sender}${to}`), 'bold'],
    [`  ${plain(topic)} #${id}  `, 'dim'],
    [plain(body)],
  ]
}

function columnWidth(texts: readonly string[], most: number): number {
  return Math.min(most, Math.max(0, ...texts.map(widthOf)))
}

/** How much of the lease is left; nothing where the lease is not known. */
function toBar(share: number | undefined, width: number): string {
  if (share === undefined) return ' '.repeat(width)
  const full = Math.max(0, Math.min(width, Math.ceil(share * width)))
  return '█'.repeat(full) + '░'.repeat(width - full)
}

function describeLeft(leftMs: number | undefined): string {
  if (leftMs === undefined) return '-'
  if (leftMs <= 0) return `-${toAge(-leftMs)}`
  const seconds = Math.ceil(leftMs / 1000)
  const pair = (value: number) => String(value).padStart(2, '0')
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return hours > 0 ? `${hours}:${pair(minutes)}:${pair(seconds % 60)}` : `${minutes}:${pair(seconds % 60)}`
}

function describeWaiters(waiters: number | undefined): string {
  if (waiters === undefined || waiters === 0) return ''
  return waiters === 1 ? '1 waits' : `${waiters} wait`
}

/** In one unit, as a glance takes it: `45s`, `14m`, `3h`, `2d`. */
function toAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`
}

/** On one line, and without anything that moves the cursor. */
function plain(text: string): string {
  return toPlainText(text).replace(/\s+/g, ' ').trim()
}

/** One line of the terminal: no wider than it is, and coloured only where it may be. */
function paint(line: Line, width: number, hasColours: boolean): string {
  let left = width
  let painted = ''
  for (const [text, style] of line) {
    const shown = cutTo(left, text)
    left -= widthOf(shown)
    if (shown === '') continue
    const [on, off] = style === undefined || !hasColours ? [] : CODES[style]
    painted += on === undefined ? shown : `\u001b[${on}m${shown}\u001b[${off}m`
  }
  return hasColours ? painted : painted.trimEnd()
}
