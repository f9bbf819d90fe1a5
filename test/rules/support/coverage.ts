import type { AnyOperation } from '../../../src/core/operation.ts'
import { blank } from './source.ts'
import type { SourceFile } from './tree.ts'

/** Operations without a `describe` of their id, and declared codes that no test of the operation speaks of. */
export function findUntestedOperations(operations: readonly AnyOperation[], tests: readonly SourceFile[]): string[] {
  const texts = tests.map(({ text }) => blank(text, 'comment'))
  return operations.flatMap(({ id, errors }) => {
    const own = texts.flatMap((text) => sliceDescribes(text, id))
    if (own.length === 0) return [`no describe('${id}'`]
    const untested = Object.keys(errors).filter((code) => !own.some((text) => speaksOf(text, code)))
    return untested.map((code) => `no test in describe('${id}' speaks of ${code}`)
  })
}

/** Codes that no test speaks of. */
export function findUntestedCodes(codes: readonly string[], tests: readonly SourceFile[]): string[] {
  const texts = tests.map(({ text }) => blank(text, 'comment'))
  return codes.filter((code) => !texts.some((text) => speaksOf(text, code))).map((code) => `no test speaks of ${code}`)
}

/** Each `describe('<id>…`, up to the next one that is as far to the left. */
function sliceDescribes(text: string, id: string): string[] {
  const begin = new RegExp(`^( *)describe(?:\\.\\w+)*\\((['"\`])${id.replaceAll('.', '\\.')}(?![\\w.])`, 'gm')
  return [...text.matchAll(begin)].map(({ index, 0: opening, 1: indent = '' }) => {
    const rest = text.slice(index + opening.length)
    const end = rest.search(new RegExp(`^ {0,${indent.length}}describe\\b`, 'm'))
    return end < 0 ? rest : rest.slice(0, end)
  })
}

/** The code as a word of a title or of an assertion: comments are blank by now. */
function speaksOf(text: string, code: string): boolean {
  return new RegExp(`\\b${code}\\b`).test(text)
}
