import { stripVTControlCharacters } from 'node:util'
import { toSeconds } from '../../core/moment.ts'

/** One long text sticks out of its column; it does not make every other row as long. */
const MAX_COLUMN_WIDTH = 60

type Fields = Readonly<Record<string, unknown>>

/**
 * Renders an answer for a person: fields as `name  value`, objects indented below their name, lists as tables. What is
 * null or absent is left out. Text of others cannot move the cursor or colour the terminal.
 */
export function renderAnswer(answer: Fields): string {
  return renderFields(answer, '').join('\n')
}

function renderFields(fields: Fields, indent: string): string[] {
  const shown = Object.entries(fields)
    .filter(([name, value]) => value !== null && value !== undefined && name !== 'ok')
    .map(([name, value]) => [toPlainText(name), value] as const) // A pair, not a list of either.
  const width = Math.max(0, ...shown.filter(([, value]) => typeof value !== 'object').map(([name]) => name.length))
  return shown.flatMap(([name, value]) => {
    if (Array.isArray(value)) return [`${indent}${name} (${value.length})`, ...renderTable(value, `${indent}  `)]
    if (typeof value === 'object') return [`${indent}${name}`, ...renderFields({ ...value }, `${indent}  `)]
    return [`${indent}${name.padEnd(width)}  ${toCell(value, name)}`]
  })
}

function renderTable(rows: readonly unknown[], indent: string): string[] {
  const objects = rows.filter((row): row is Fields => typeof row === 'object' && row !== null)
  const columns = [...new Set(objects.flatMap((row) => Object.keys(row)))].filter((name) =>
    objects.some((row) => row[name] !== null && row[name] !== undefined && row[name] !== false),
  )
  if (columns.length === 0) return []
  const cells = [
    columns.map((name) => toCell(name)),
    ...objects.map((row) => columns.map((name) => toCell(row[name], name))),
  ]
  const widths = columns.map((_, index) =>
    Math.min(MAX_COLUMN_WIDTH, Math.max(...cells.map((line) => line[index]?.length ?? 0))),
  )
  return cells.map((line) =>
    `${indent}${line.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ')}`.trimEnd(),
  )
}

/** How many fields of an object a table has room for. The first ones are what it is known by. */
const FIELDS_IN_CELL = 4

function toCell(value: unknown, name = ''): string {
  if (value === null || value === undefined) return '-'
  if (typeof value === 'object') {
    const fields = Object.entries(value).slice(0, FIELDS_IN_CELL)
    return fields.flatMap(([field, inner]) => (inner === null ? [] : toCell(inner, field))).join(' ')
  }
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number' && name.endsWith('_ms')) return toDuration(value)
  return toPlainText(String(value)).replaceAll('\n', ' ⏎ ')
}

/** As in `1h 4m 12s`; whole seconds, as a person reads a countdown. */
function toDuration(durationMs: number): string {
  const seconds = toSeconds(durationMs)
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const
  const text = parts.flatMap(([count, unit]) => (count > 0 ? `${count}${unit}` : []))
  return text.join(' ') || '0s'
}

/** Text that only shows: without escape sequences, without control characters but newlines, and in its own order. */
export function toPlainText(text: string): string {
  return (
    stripVTControlCharacters(text)
      .replaceAll('\r\n', '\n')
      .replaceAll('\t', ' ')
      .replace(/[^\P{Cc}\n]/gu, '')
      // Marks of direction show a text in another order than it is in.
      .replace(/[\u202a-\u202e\u2066-\u2069]/g, '')
  )
}
