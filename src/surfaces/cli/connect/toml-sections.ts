import { parse } from 'smol-toml'

/** A table of a TOML file: its header and what follows, without the blank lines and comments in front of the next one. */
export interface Section {
  readonly path: readonly string[]
  /** The line of the header, from 0. */
  readonly start: number
  /** The line after the last. */
  readonly end: number
}

/** What may stand across several lines, and how it ends. */
const TOKENS = /"""|'''|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#[^\n]*|[[\]{}]|\n/g

/** The tables of a file that can be parsed, in their order. */
export function findSections(text: string): readonly Section[] {
  const lines = text.split('\n')
  const headers = [...findOuterLines(text)].filter((line) => /^\s*\[/.test(lines[line] ?? ''))
  return headers.map((start, index) => {
    const next = headers[index + 1] ?? lines.length
    let end = next
    while (end > start + 1 && /^\s*(#.*)?$/.test(lines[end - 1] ?? '')) end -= 1
    return { path: readHeader(lines[start] ?? ''), start, end }
  })
}

/** The lines that begin outside of every string and list: only there `[` opens a table. */
function* findOuterLines(text: string): Generator<number> {
  let line = 0
  let depth = 0
  let index = 0
  yield line
  while (true) {
    TOKENS.lastIndex = index
    const found = TOKENS.exec(text)
    if (!found) return
    const [token] = found
    index = found.index + token.length
    if (token === '"""' || token === "'''") {
      const end = findEndOfText(text, index, token)
      line += text.slice(index, end).split('\n').length - 1
      index = end
    } else if (token === '[' || token === '{') depth += 1
    else if (token === ']' || token === '}') depth -= 1
    else if (token === '\n') {
      line += 1
      if (depth === 0) yield line
    }
  }
}

function findEndOfText(text: string, from: number, mark: string): number {
  const pattern = mark === '"""' ? /(?:[^"\\]|\\[\s\S]|"(?!""))*"{3,5}/y : /(?:[^']|'(?!''))*'{3,5}/y
  pattern.lastIndex = from
  return from + (pattern.exec(text)?.[0].length ?? text.length - from)
}

/** The names in a header, read by the parser itself, for they may be quoted. */
function readHeader(header: string): readonly string[] {
  const path: string[] = []
  let value: unknown = parse(header.trim())
  while (typeof value === 'object' && value !== null) {
    const [name, inner] = Object.entries(Array.isArray(value) ? value[0] : value)[0] ?? []
    if (name === undefined) break
    path.push(name)
    value = inner
  }
  return path
}
