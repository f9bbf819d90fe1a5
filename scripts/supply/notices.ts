import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { BundledPackage } from './bundled.ts'

const LICENCE_FILE = /^(?:licen[cs]e|copying|notice)(?:\.(?:md|txt))?$/i
/** The last chapter of a README, where small packages have their licence. */
const LICENCE_CHAPTER = /^#+ *licen[cs]e *$\n([\s\S]+)/im

/**
 * What is asked of whoever hands on other people's code: the text of every licence, with the copyright lines in it, beside
 * the names of the packages that it is for.
 *
 * @throws {Error} For a package without such a text: it must not be handed on.
 */
export function renderNotices(packages: readonly BundledPackage[], root: string): string {
  const byText = new Map<string, string[]>()
  for (const one of packages) {
    const text = readLicence(one.name, resolve(root, one.folder))
    byText.set(text, [...(byText.get(text) ?? []), toLine(one)])
  }
  return [
    'The scripts of bus-mcp contain code of these packages. bus-mcp itself is under the licence in LICENSE.',
    ...[...byText].map(([text, lines]) => `${'='.repeat(80)}\n${lines.join('\n')}\n\n${text}`),
  ]
    .join('\n\n')
    .concat('\n')
}

function toLine({ name, version, license, copiedBy }: BundledPackage): string {
  return `${name} ${version} (${license})${copiedBy === undefined ? '' : `, as a copy in ${copiedBy}`}`
}

function readLicence(name: string, folder: string): string {
  const files = readdirSync(folder).filter((file) => LICENCE_FILE.test(file))
  const texts = files.sort().map((file) => readFileSync(join(folder, file), 'utf8'))
  const readme = join(folder, 'README.md')
  const [, chapter] = (existsSync(readme) && LICENCE_CHAPTER.exec(readFileSync(readme, 'utf8'))) || []
  const found = texts.length > 0 ? texts : [chapter ?? '']
  const text = found.map((one) => one.replaceAll('\r\n', '\n').trim()).join('\n\n')
  if (text === '') throw new Error(`${name} has no licence text`)
  return text
}
