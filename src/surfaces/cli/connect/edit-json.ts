import { isDeepStrictEqual } from 'node:util'
import { type ParseError, parse } from 'jsonc-parser'
import {
  assertNothingElseChanged,
  type Edit,
  EditRefused,
  type Fields,
  getField,
  getServers,
  isFields,
  listInputs,
  mergeEntry,
  type Wanted,
} from './edit.ts'
import { setValue } from './json-text.ts'

const MARK = '\uFEFF'

/**
 * Puts the entry into a JSON file, whose comments, order and layout stay.
 *
 * @param text Empty for a file that is not there yet.
 * @throws {EditRefused}
 */
export function editJson(text: string, wanted: Wanted): Edit {
  // The mark that some editors of Windows begin a file with is no JSON.
  if (text.startsWith(MARK)) {
    const { outcome, ...edited } = editJson(text.slice(MARK.length), wanted)
    return { outcome, text: MARK + edited.text }
  }
  const { table, name } = wanted
  if (text.trim() === '') return { text: renderJson(wanted), outcome: 'added' }
  const before = parseJson(text)
  const former = getField(getServers(before, table), name)
  const entry = mergeEntry(former, wanted.entry)
  const missing = findMissingInputs(before, wanted)
  if (isDeepStrictEqual(former, entry) && missing.length === 0) return { text, outcome: 'unchanged' }

  const withEntry = isDeepStrictEqual(former, entry) ? text : setValue(text, [table, name], entry)
  const edited = missing.reduce((edited, input, index) => {
    const count = listInputs(before).length + index
    return count === 0 ? setValue(edited, ['inputs'], [input]) : setValue(edited, ['inputs', count], input)
  }, withEntry)

  const after = parseJson(edited)
  assertNothingElseChanged(before, after, wanted)
  if (!isDeepStrictEqual(getField(getServers(after, table), name), entry)) {
    throw new EditRefused(`has two entries of the name "${name}"`)
  }
  return { text: edited, outcome: former === undefined ? 'added' : 'replaced' }
}

/** The whole file, for one that holds nothing else: also what a person pastes. */
export function renderJson({ table, name, entry, inputs }: Wanted): string {
  const file = { ...(inputs.length === 0 ? {} : { inputs }), [table]: { [name]: entry } }
  return `${JSON.stringify(file, null, 2)}\n`
}

/** @throws {EditRefused} */
function parseJson(text: string): Fields {
  const errors: ParseError[] = []
  const file: unknown = parse(text, errors, { allowTrailingComma: true })
  const [error] = errors
  if (error) {
    const line = text.slice(0, error.offset).split('\n').length
    throw new EditRefused(`is no JSON: line ${line} cannot be read`)
  }
  if (!isFields(file)) throw new EditRefused('is no JSON object')
  return file
}

function findMissingInputs(file: Fields, { inputs }: Wanted) {
  const ids = new Set(inputs.length === 0 ? [] : listInputs(file).map((input) => isFields(input) && input.id))
  return inputs.filter(({ id }) => !ids.has(id))
}
