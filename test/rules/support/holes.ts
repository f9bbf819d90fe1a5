import { blank } from './source.ts'
import { isGenerated, isTest, type SourceFile } from './tree.ts'

/** A way round the type checker or the linter. */
export const holeKinds = ['any', 'nonNull', 'cast', 'tsComment', 'biomeIgnore'] as const
export type HoleKind = (typeof holeKinds)[number]
export type HoleCounts = Readonly<Record<HoleKind, number>>

export interface Hole {
  readonly kind: HoleKind
  readonly path: string
  readonly line: number
}

// `import { a as b }`, `import * as a` and `export { a as b }` give a name, and so does `[Key in Keys as Other]`.
const NAMING = /^(?:import|export)\s[\w$\s{},*]*?\bfrom\b|\[\s*\w+\s+in\s[^\]:]*?\bas\b/gm

/** Looked for where comments and literals are blank. */
const IN_CODE = {
  any: /(?<!\bAbortSignal\.)\bany\b/g,
  nonNull: /[\w)\]}'"`]!(?!=)/g,
  cast: /\bas\s+(?!const\b)/g,
} as const
const IN_COMMENTS = { tsComment: /@ts-(?:ignore|expect-error|nocheck)/g, biomeIgnore: /biome-ignore/g } as const

/** Every hole of the product's files, in the order of kinds and files. */
export function findHoles(files: readonly SourceFile[]): Hole[] {
  const own = files.filter(({ path }) => !isTest(path) && !isGenerated(path))
  return holeKinds.flatMap((kind) => own.flatMap((file) => findKind(kind, file)))
}

function findKind(kind: HoleKind, { path, text }: SourceFile): Hole[] {
  const isInCode = kind in IN_CODE
  const searched = isInCode ? blank(text, 'comment', 'literal').replace(NAMING, keepLines) : blank(text, 'literal')
  const pattern = { ...IN_CODE, ...IN_COMMENTS }[kind]
  return [...searched.matchAll(pattern)].map(({ index }) => ({ kind, path, line: lineAt(searched, index) }))
}

/** The casts without a comment on their own line or on the line before: their reason is missing. */
export function findBareCasts(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const lines = file.text.split('\n')
    const bareLines = blank(file.text, 'comment').split('\n')
    const hasComment = (line: number) => lines[line - 1] !== bareLines[line - 1]
    return findHoles([file])
      .filter(({ kind, line }) => kind === 'cast' && !hasComment(line) && !hasComment(line - 1))
      .map(({ path, line }) => `${path}:${line} casts without a reason beside it`)
  })
}

export function countHoles(holes: readonly Hole[]): HoleCounts {
  const count = (wanted: HoleKind) => holes.filter(({ kind }) => kind === wanted).length
  return {
    any: count('any'),
    nonNull: count('nonNull'),
    cast: count('cast'),
    tsComment: count('tsComment'),
    biomeIgnore: count('biomeIgnore'),
  }
}

/** The numbers may only fall: one that rose is a breach, and one that fell must be written down. */
export function compareHoles(counted: HoleCounts, stored: HoleCounts): string[] {
  return holeKinds.flatMap((kind) => {
    if (counted[kind] > stored[kind]) return [`${kind}: ${counted[kind]} holes, at most ${stored[kind]} allowed`]
    if (counted[kind] < stored[kind]) return [`${kind}: lower the number in test/rules/holes.json to ${counted[kind]}`]
    return []
  })
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

function keepLines(text: string): string {
  return text.replace(/[^\n]/g, ' ')
}
