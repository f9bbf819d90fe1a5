import { isDeepStrictEqual } from 'node:util'
import { parse, stringify, TomlError } from 'smol-toml'
import {
  assertNothingElseChanged,
  type Edit,
  EditRefused,
  type Fields,
  getField,
  getServers,
  mergeEntry,
  type Wanted,
} from './edit.ts'
import { findSections, type Section } from './toml-sections.ts'

/**
 * Puts the entry into a TOML file: as a table of its own at the end, or in place of the lines of the table of that name and
 * of those below it. No editor of TOML keeps comments, so the text is edited, and what it then says is compared.
 *
 * @param text Empty for a file that is not there yet.
 * @throws {EditRefused}
 */
export function editToml(text: string, wanted: Wanted): Edit {
  const { table, name } = wanted
  const before = parseToml(text)
  const former = getField(getServers(before, table), name)
  const rendered = renderToml({ ...wanted, entry: mergeEntry(former, wanted.entry) })
  const entry = getField(getServers(parseToml(rendered), table), name)
  if (isDeepStrictEqual(former, entry)) return { text, outcome: 'unchanged' }

  const ours = former === undefined ? [] : findSections(text).filter(({ path }) => isBelow(path, [table, name]))
  if (former !== undefined && ours.length === 0) {
    throw new EditRefused(`has "${name}" written as part of another table`)
  }
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const block = rendered.trimEnd().split('\n')
  const edited = ours.length === 0 ? append(text, block, eol) : replace(text, ours, block, eol)

  const after = parseToml(edited)
  assertNothingElseChanged(before, after, wanted)
  if (!isDeepStrictEqual(getField(getServers(after, table), name), entry)) {
    throw new EditRefused(`has "${name}" in a form that cannot be replaced`)
  }
  return { text: edited, outcome: former === undefined ? 'added' : 'replaced' }
}

/** The entry as a table: also what a person pastes. */
export function renderToml({ table, name, entry }: Wanted): string {
  return stringify({ [table]: { [name]: entry } })
}

/** @throws {EditRefused} */
function parseToml(text: string): Fields {
  try {
    // Numbers as they stand: one too large for us is none of our business.
    return parse(text, { integersAsBigInt: true })
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    throw new EditRefused(`is no TOML: line ${error.line} cannot be read`)
  }
}

function isBelow(path: readonly string[], above: readonly string[]): boolean {
  return above.every((part, index) => path[index] === part)
}

function append(text: string, block: readonly string[], eol: string): string {
  const rest = text.trimEnd()
  const lines = [...(rest === '' ? [] : [rest, '']), ...block]
  return lines.join(eol) + eol
}

function replace(text: string, [first, ...others]: readonly Section[], block: readonly string[], eol: string): string {
  const lines = text.split(/\r?\n/)
  const dropped = new Set(others.flatMap(({ start, end }) => range(start, end)))
  const kept = lines.flatMap((line, index) => {
    if (index === first?.start) return block
    if (first && index > first.start && index < first.end) return []
    return dropped.has(index) ? [] : [line]
  })
  return kept.join(eol)
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index)
}
