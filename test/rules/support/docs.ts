import { posix } from 'node:path'
import { blank } from './source.ts'
import type { SourceFile } from './tree.ts'

/** A link that is neither an address nor a place on the same page: `[text](path#place)`. */
const LINK = /\]\((?![a-z][a-z+.-]*:|#)([^)\s#]+)[^)]*\)/gi
/** A path in backticks that leads from the root into one of our folders. One with a placeholder in it is no path. */
const CITED = /`((?:src|test|docs|scripts|examples|bench|decisions)\/[\w./-]*)`/g
/** The name of an exported function or class at the beginning of a line. */
const EXPORTED = /^export (?:async )?(?:abstract )?(?:function\*?|class) (\w+)/

/** Links and cited paths that lead nowhere. */
export function findDeadPaths(pages: readonly SourceFile[], exists: (path: string) => boolean): string[] {
  return pages.flatMap(({ path, text }) => {
    const links = [...text.matchAll(LINK)].map(([, target = '']) => ({
      written: target,
      target: posix.join(posix.dirname(path), decodeURI(target)),
    }))
    const cited = [...text.matchAll(CITED)].map(([, target = '']) => ({ written: target, target }))
    return [...links, ...cited]
      .filter(({ target }) => !exists(target))
      .map(({ written }) => `${path} leads to ${written}, which is not there`)
  })
}

/** Variables that no row of a table in the page names. */
export function findUndocumentedVariables(variables: readonly string[], page: SourceFile): string[] {
  const rows = page.text.split('\n').filter((line) => line.startsWith('|'))
  return variables
    .filter((name) => !rows.some((row) => row.includes(`\`${name}\``)))
    .map((name) => `${page.path} has no row for ${name}`)
}

/** Exported functions and classes without a doc comment directly above. */
export function findUndocumentedExports(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.split('\n')
    const code = blank(text, 'literal', 'comment').split('\n')
    return code.flatMap((line, index) => {
      const name = EXPORTED.exec(line)?.[1]
      if (name === undefined || lines[index - 1]?.endsWith('*/')) return []
      return [`${path}: ${name} has no doc comment`]
    })
  })
}
