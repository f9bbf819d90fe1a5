import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import packageFile from '../../package.json' with { type: 'json' }
import { VERSION } from '../../src/config.ts'
import { busSettings, clientSettings, type Setting } from '../../src/settings.ts'
import { findDeadPaths, findUndocumentedExports, findUndocumentedVariables } from './support/docs.ts'
import { ROOT, readProduct, readRoot, readTree } from './support/tree.ts'

const pages = [...readRoot('.md'), ...readTree('docs', '.md'), ...readTree('decisions', '.md')]
const settings: readonly Setting[] = [...Object.values(busSettings), ...Object.values(clientSettings)]
const variables = settings.flatMap(({ env = [] }) => env)

describe('the written pages', () => {
  it('link and cite only what is there', () => {
    expect(pages.length).toBeGreaterThan(0)
    expect(findDeadPaths(pages, (path) => existsSync(join(ROOT, path)))).toEqual([])
  })

  it.each([
    ['See [the words](words.md).', 'words.md'],
    ['See [the words](../guide/words.md#lane).', '../guide/words.md'],
    ['The rule is in `src/capabilities/lanes/decide.ts`.', 'src/capabilities/lanes/decide.ts'],
    ['Tests are in `test/rules/`.', 'test/rules/'],
  ])('are told when something is not there: %s', (text, target) => {
    const page = { path: 'docs/guide/start.md', text }
    expect(findDeadPaths([page], () => false)).toEqual([`docs/guide/start.md leads to ${target}, which is not there`])
    expect(findDeadPaths([page], () => true)).toEqual([])
  })

  it('resolve links from the page, and cited paths from the root', () => {
    const asked: string[] = []
    const text = '[a](../words.md#lane) `src/app.ts` [b](https://example.org/x) [c](#here) `src/{name}/x.ts` `npm test`'
    findDeadPaths([{ path: 'docs/guide/start.md', text }], (path) => asked.push(path) > 0)
    expect(asked).toEqual(['docs/words.md', 'src/app.ts'])
  })
})

describe('the version', () => {
  it('is the same in package.json and in the program', () => {
    expect(VERSION).toBe(packageFile.version)
  })
})

describe('the settings', () => {
  it('are all in the table of README.md', () => {
    const readme = readRoot('README.md')
    expect(readme).toHaveLength(1)
    expect(readme.flatMap((page) => findUndocumentedVariables(variables, page))).toEqual([])
  })

  it('are told when one is only spoken of beside the table', () => {
    const page = {
      path: 'README.md',
      text: 'Set `BUS_PORT`.\n\n| Var | Default |\n|---|---|\n| `BUS_HOST` | 127.0.0.1 |\n',
    }
    expect(findUndocumentedVariables(['BUS_HOST', 'BUS_PORT'], page)).toEqual(['README.md has no row for BUS_PORT'])
  })
})

describe('exported functions and classes of the core and the client', () => {
  it('have a doc comment', () => {
    const files = readProduct().filter(({ path }) => /^src\/(?:core|client)\//.test(path))
    expect(files.length).toBeGreaterThan(10)
    expect(findUndocumentedExports(files)).toEqual([])
  })

  it.each(['export function take(): void {}', 'export async function take() {}', 'export class take {}'])(
    'are told when they have none: %s',
    (text) => {
      const breach = ['src/core/a.ts: take has no doc comment']
      expect(findUndocumentedExports([{ path: 'src/core/a.ts', text }])).toEqual(breach)
      expect(findUndocumentedExports([{ path: 'src/core/a.ts', text: `/** Far off. */\n\n${text}` }])).toEqual(breach)
      expect(findUndocumentedExports([{ path: 'src/core/a.ts', text: `/** Says why. */\n${text}` }])).toEqual([])
    },
  )
})
