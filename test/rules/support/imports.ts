import { posix } from 'node:path'
import { blank } from './source.ts'
import type { SourceFile } from './tree.ts'

/** One import of a file. */
export interface Import {
  /** The path of the importing file. */
  readonly from: string
  /** The path of the imported file, or the name of a package as it is written. */
  readonly to: string
  /**
   * True for `import type` and `export type` only. `import { type A }` is not: what is left of it at run time still
   * loads the module.
   */
  readonly isTypeOnly: boolean
}

// `import x from 'm'`, `import type …`, `import 'm'`, `export … from 'm'`. What stands between the keyword and `from` is
// made of names, commas, braces and `*` only, so that the search never runs over from one statement into another.
const STATEMENT = /^\s*(?:import|export)\s(?<type>type\s)?(?:[\w$\s{},*]*?\bfrom\s)?\s*'(?<module>[^']+)'/gm
// `await import('m')`, and `import('m').Name` among types.
const CALL = /\bimport\(\s*'(?<module>[^']+)'\s*\)/g

/** Every import of a file, those that are made at run time included. */
export function listImports({ path, text }: SourceFile): Import[] {
  const code = blank(text, 'comment')
  return [...code.matchAll(STATEMENT), ...code.matchAll(CALL)].map(({ groups = {} }) => ({
    from: path,
    to: resolve(path, groups.module ?? ''),
    isTypeOnly: groups.type !== undefined,
  }))
}

function resolve(from: string, module: string): string {
  return module.startsWith('.') ? posix.join(posix.dirname(from), module) : module
}
