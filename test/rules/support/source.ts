/** What a piece of a source text is, when it is no code. */
export type Prose = 'comment' | 'literal'

// A template's piece begins with its backtick or with the `}` that ends an insertion, and ends with a backtick or `${`.
const TEMPLATE_PIECE = /[`}](?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?:\$\{|`)/y
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y
const STRING = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/y
const REGEX = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y
/** After one of these a `/` begins a regular expression; after anything else it divides. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{;>]|\breturn)\s*$/

/**
 * The source with its comments or its literals (strings, templates, regular expressions) made blank, so that a word in
 * them is no finding. Lines and columns stay; so do the quotes of a blanked literal, and the code inside a template.
 */
export function blank(source: string, ...kinds: readonly Prose[]): string {
  // For each template that is open: how many braces its insertion has open.
  const insertions: number[] = []
  let code = ''
  let at = 0
  while (at < source.length) {
    const piece = readProse(source, at, insertions, code)
    const text = piece?.text ?? source.charAt(at)
    code += piece && kinds.includes(piece.kind) ? toBlank(text, piece.kind) : text
    if (!piece) countBrace(text, insertions)
    at += text.length
  }
  return code
}

function readProse(
  source: string,
  at: number,
  insertions: number[],
  before: string,
): { kind: Prose; text: string } | undefined {
  const character = source.charAt(at)
  const isInsertionEnd = character === '}' && insertions.at(-1) === 0
  if (character === '`' || isInsertionEnd) {
    const text = match(TEMPLATE_PIECE, source, at)
    if (text === undefined) return undefined
    if (isInsertionEnd) insertions.pop()
    if (text.endsWith('${')) insertions.push(0)
    return { kind: 'literal', text }
  }
  const comment = match(COMMENT, source, at)
  if (comment !== undefined) return { kind: 'comment', text: comment }
  const isRegex = character === '/' && BEFORE_REGEX.test(before.slice(-80))
  const literal = match(STRING, source, at) ?? (isRegex ? match(REGEX, source, at) : undefined)
  return literal === undefined ? undefined : { kind: 'literal', text: literal }
}

function match(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(source)?.[0]
}

function countBrace(character: string, insertions: number[]): void {
  const open = insertions.at(-1)
  if (open === undefined) return
  if (character === '{') insertions[insertions.length - 1] = open + 1
  if (character === '}') insertions[insertions.length - 1] = open - 1
}

function toBlank(text: string, kind: Prose): string {
  if (kind === 'comment') return text.replace(/[^\n]/g, ' ')
  const end = text.endsWith('${') ? 2 : 1
  return text.charAt(0) + text.slice(1, -end).replace(/[^\n]/g, ' ') + text.slice(-end)
}
