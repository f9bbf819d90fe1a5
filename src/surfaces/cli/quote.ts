import { OWN_WORDS } from '../../core/advice.ts'

/** A word for a POSIX shell, and for fish, where a backslash is none of the text between quotes either. */
export function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/['\\]/g, "'\\$&'")}'`
}

/**
 * A word of a command that a person is told to type, and that may be another agent's: no shell may take any of it for its own.
 * Those of Windows quote so differently that there is no way for all of them; what would need it is left to the person.
 */
export function quoteForPerson(word: string, platform: NodeJS.Platform = process.platform): string {
  if (platform !== 'win32') return quoteForShell(word)
  return /^[\w.:+-]+$/.test(word) ? word : OWN_WORDS
}
