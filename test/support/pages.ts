import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The blocks of code of a page that are in one language, in their order. */
export function readBlocks(page: string, language: string): string[] {
  const text = readFileSync(join(import.meta.dirname, '../..', page), 'utf8')
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
    .filter(([, found]) => found === language)
    .map(([, , code = '']) => code)
}
