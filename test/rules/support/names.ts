import { blank } from './source.ts'
import type { SourceFile } from './tree.ts'

const MAX_LINES = 350
const KEBAB_FILE = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.config)?(?:\.(?:gen|test))?\.tsx?$/
const KEBAB_FOLDER = /^[a-z0-9]+(?:-[a-z0-9]+)*$/
/** Names that say nothing of what is inside. */
const EMPTY_NAMES = /^(?:utils?|helpers?|commons?|managers?)(?:\.|$)/

/** What only certain files may touch, and where to get it elsewhere. */
const RESERVED = [
  { what: /\bprocess\.(?:env|argv)\b/, files: ['src/config.ts'], instead: 'take settings from the configuration' },
  {
    what: /\bDate\.now\b|\bnew Date\b/,
    files: ['src/store/clock.ts', 'src/core/moment.ts', 'src/surfaces/panel/data/time.ts'],
    instead: 'take the time from the clock or the context',
  },
  { what: /\bconsole\./, files: ['src/terminal.ts', 'src/telemetry/log.ts'], instead: 'use the log of the context' },
] as const

/** File and folder names that are no kebab-case, or that say nothing. */
export function checkNames(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const folders = path.split('/')
    const file = folders.pop() ?? ''
    const isKebab = KEBAB_FILE.test(file) && folders.every((folder) => KEBAB_FOLDER.test(folder))
    return [
      ...(isKebab ? [] : [`${path} is not in kebab-case`]),
      ...[...folders, file].filter((name) => EMPTY_NAMES.test(name)).map((name) => `${path}: ${name} says nothing`),
    ]
  })
}

export function checkLengths(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split('\n').length
    return lines > MAX_LINES ? [`${path} has ${lines} lines, more than ${MAX_LINES}`] : []
  })
}

export function checkExports(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ text }) => /\bexport\s+default\b|\bas\s+default\b/.test(blank(text, 'comment', 'literal')))
    .map(({ path }) => `${path} has a default export`)
}

/** The use of what is reserved for other files. */
export function checkReserved(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const code = blank(text, 'comment', 'literal')
    return RESERVED.filter((entry) => !entry.files.some((allowed) => allowed === path)).flatMap(({ what, instead }) => {
      const found = what.exec(code)?.[0]
      return found === undefined ? [] : [`${path} uses ${found}: ${instead}`]
    })
  })
}
