import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { renderFiles } from '../../scripts/generate/files.ts'
import { findStale } from './support/generated.ts'
import { ROOT, readTree } from './support/tree.ts'

const rendered = renderFiles()

function readIfThere(path: string): string | undefined {
  const file = join(ROOT, path)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

describe('generated files', () => {
  it('are what the contracts say now; otherwise: npm run generate', () => {
    expect(findStale(rendered, readIfThere)).toEqual([])
  })

  it('are all of docs/reference and every *.gen.ts, so that none is left over from before', () => {
    const found = [...readTree('docs/reference', ''), ...readTree('src', '.gen.ts')].map(({ path }) => path)
    expect(found.filter((path) => !rendered.has(path))).toEqual([])
  })

  it('are told when one was edited by hand or is missing', () => {
    const [first = '', second = ''] = ['docs/reference/a.md', 'docs/reference/b.md']
    const made = new Map([
      [first, 'a\n'],
      [second, 'b\n'],
    ])
    expect(findStale(made, (path) => (path === first ? 'a, by hand\n' : 'b\n'))).toEqual([`${first} is stale`])
    expect(findStale(made, (path) => (path === first ? 'a\n' : undefined))).toEqual([`${second} is missing`])
  })

  it('are told when a real one differs by one character', () => {
    const edited = 'src/client/operations.gen.ts'
    const readEdited = (path: string) => (path === edited ? `${readIfThere(path)} ` : readIfThere(path))
    expect(findStale(rendered, readEdited)).toContain(`${edited} is stale`)
  })
})
