/** How an answer is shortened for a reader who pays for every word. */
export interface ConciseSpec {
  /** Fields that are left out, wherever they are. */
  readonly leaves: readonly string[]
  /** Longer texts are cut; how many characters they had stands beside them, as in `body_length`. */
  readonly maxTextLength: number
  /** Longer lists are cut; how many entries are missing stands beside them, as in `active_lanes_more`. */
  readonly maxEntries: number
}

type Fields = Readonly<Record<string, unknown>>

/** Leaves out, inside the answer's own fields, also whatever is null or false. */
export function toConcise(answer: Fields, spec: ConciseSpec): Fields {
  return shorten(answer, spec, (value) => value === undefined)
}

function shorten(fields: Fields, spec: ConciseSpec, isSilent: (value: unknown) => boolean): Fields {
  const entries = Object.entries(fields).filter(([name, value]) => !spec.leaves.includes(name) && !isSilent(value))
  return Object.fromEntries(entries.flatMap(([name, value]) => shortenField(name, value, spec)))
}

function shortenField(name: string, value: unknown, spec: ConciseSpec): [string, unknown][] {
  if (typeof value === 'string') return shortenText(name, value, spec.maxTextLength)
  if (Array.isArray(value)) {
    const kept = value.slice(0, spec.maxEntries).map((entry) => shortenValue(entry, spec))
    const missing = value.length - kept.length
    return missing === 0
      ? [[name, kept]]
      : [
          [name, kept],
          [`${name}_more`, missing],
        ]
  }
  return [[name, shortenValue(value, spec)]]
}

function shortenText(name: string, text: string, maxLength: number): [string, unknown][] {
  if (text.length <= maxLength) return [[name, text]]
  const cut = text.slice(0, maxLength)
  // Never half of a pair of surrogates, which is no text.
  const kept = cut.isWellFormed() ? cut : cut.slice(0, -1)
  return [
    [name, `${kept}…`],
    [`${name}_length`, text.length],
  ]
}

function shortenValue(value: unknown, spec: ConciseSpec): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return shorten({ ...value }, spec, (inner) => inner == null || inner === false)
}
