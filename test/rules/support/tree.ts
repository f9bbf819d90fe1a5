import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** The repository's root. */
export const ROOT = join(import.meta.dirname, '../../..')

/** A file with its path from the root, written with `/` on every system. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** The files of a folder and of those below it whose names end with one of `endings`, in the order of their paths. */
export function readTree(folder: string, ...endings: readonly string[]): SourceFile[] {
  const wanted = endings.length === 0 ? ['.ts', '.tsx'] : endings
  return listFolder(folder, true)
    .filter((path) => wanted.some((ending) => path.endsWith(ending)))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}

/** The files of the root itself whose names end with `ending`. */
export function readRoot(ending: string): SourceFile[] {
  return listFolder('.', false)
    .filter((path) => path.endsWith(ending))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}

/** The product's own code, without the tests that stand beside it. */
export function readProduct(): SourceFile[] {
  return readTree('src').filter(({ path }) => !isTest(path))
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}

export function isGenerated(path: string): boolean {
  return path.endsWith('.gen.ts')
}

/** The paths of a folder's files; none when there is no such folder, as in a clone of one that is still empty. */
function listFolder(folder: string, recursive: boolean): string[] {
  const absolute = join(ROOT, folder)
  if (!existsSync(absolute)) return []
  return readdirSync(absolute, { recursive, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort()
}
