/** One thing that a text must contain. */
export interface SearchTerm {
  /** A word, or several that follow each other. */
  readonly text: string
  /** The last word may go on. */
  readonly isPrefix: boolean
}

/** A phrase in quotes or a word, each perhaps with a star at its end. */
const TERM = /"(?<phrase>[^"]*)"(?<star>\*?)|(?<word>[^\s"]+)/gu
const SEARCHABLE = /[\p{L}\p{N}]/u

/**
 * Reads what somebody looks for: words, `"a phrase"` and `prefix*`, all of which must be there. Whatever else is typed is
 * text to look for, never a command to the engine.
 *
 * @returns Undefined when a quote is left open, or when there is nothing to look for.
 */
export function parseSearchText(text: string): readonly SearchTerm[] | undefined {
  if (text.split('"').length % 2 === 0) return undefined
  const terms = [...text.matchAll(TERM)].map(({ groups = {} }): SearchTerm => {
    const { phrase, star, word = '' } = groups
    if (phrase !== undefined) return { text: phrase, isPrefix: star === '*' }
    return { text: word.replace(/\*+$/, ''), isPrefix: word.endsWith('*') }
  })
  const searchable = terms.filter((term) => SEARCHABLE.test(term.text))
  return searchable.length === 0 ? undefined : searchable
}
