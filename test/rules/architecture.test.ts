import { describe, expect, it } from 'vitest'
import { findCapabilityCycles, findFileCycles } from './support/cycles.ts'
import { listImports } from './support/imports.ts'
import { checkImportLaw } from './support/law.ts'
import { blank } from './support/source.ts'
import { readProduct, type SourceFile } from './support/tree.ts'

const product = readProduct()

/** Words that belong to capabilities; what all of them share must not know them. */
const CAPABILITY_WORDS = /\b(?:lanes?|topics?|fences?|blackboard)\b/i

function findCapabilityWords(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.startsWith('src/core/'))
    .flatMap(({ path, text }) => {
      const word = CAPABILITY_WORDS.exec(blank(text, 'comment'))?.[0]
      return word === undefined ? [] : [`${path} speaks of a ${word}`]
    })
}

describe('the import law', () => {
  it('is kept by every file', () => {
    expect(product.length).toBeGreaterThan(50)
    expect(checkImportLaw(product)).toEqual([])
  })

  it.each([
    ['src/main.ts', "import { capabilities } from './capabilities/index.ts'", 'src/capabilities/index.ts'],
    ['src/main.ts', "import { createTools } from './surfaces/mcp/tools.ts'", 'src/surfaces/mcp/tools.ts'],
    ['src/app.ts', "import { claim } from './capabilities/lanes/contract.ts'", 'src/capabilities/lanes/contract.ts'],
    ['src/app.ts', "await import('./store/sqlite/lock.ts')", 'src/store/sqlite/lock.ts'],
    ['src/telemetry/log.ts', "import { VERSION } from '../config.ts'", 'src/config.ts'],
    ['src/core/a.ts', "import { lanes } from '../capabilities/lanes/index.ts'", 'src/capabilities/lanes/index.ts'],
    ['src/core/a.ts', "import { readFileSync } from 'node:fs'", 'node:fs'],
    ['src/store/a.ts', "import DatabaseSync from '@photostructure/sqlite'", '@photostructure/sqlite'],
    ['src/store/a.ts', "export * from '../capabilities/index.ts'", 'src/capabilities/index.ts'],
    ['src/capabilities/a/contract.ts', "import { x } from './store.ts'", 'src/capabilities/a/store.ts'],
    ['src/capabilities/a/contract.ts', "import { x } from '../b/index.ts'", 'src/capabilities/b/index.ts'],
    ['src/capabilities/a/schemas.ts', "import { x } from './contract.ts'", 'src/capabilities/a/contract.ts'],
    ['src/capabilities/a/store.ts', "import { x } from '../b/store.ts'", 'src/capabilities/b/store.ts'],
    ['src/capabilities/a/store.ts', "import { x } from '../../store/index.ts'", 'src/store/index.ts'],
    ['src/surfaces/http/a.ts', "import { x } from '../mcp/call.ts'", 'src/surfaces/mcp/call.ts'],
    ['src/surfaces/http/a.ts', "import {\n  x,\n} from '../../client/index.ts'", 'src/client/index.ts'],
    ['src/surfaces/http/a.ts', "import { z } from 'zod'", 'zod'],
    ['src/surfaces/cli/a.ts', "import { Server } from '@modelcontextprotocol/server'", '@modelcontextprotocol/server'],
    ['src/surfaces/cli/a.ts', "import { x } from '../../capabilities/a/index.ts'", 'src/capabilities/a/index.ts'],
    ['src/surfaces/cli/a.ts', "import { parse } from 'smol-toml'", 'smol-toml'],
    ['src/surfaces/cli/completion/a.ts', "import { VERSION } from '../../../config.ts'", 'src/config.ts'],
    ['src/completion.ts', "import { x } from './surfaces/cli/connect/edit.ts'", 'src/surfaces/cli/connect/edit.ts'],
    ['src/surfaces/cli/connect/a.ts', "import { x } from '../../../client/index.ts'", 'src/client/index.ts'],
    ['src/commands.ts', "import { x } from './surfaces/cli/connect/edit.ts'", 'src/surfaces/cli/connect/edit.ts'],
    ['src/surfaces/mcp/a.ts', "import { x } from '../../store/index.ts'", 'src/store/index.ts'],
    ['src/demo/a.ts', "import { lanes } from '../capabilities/lanes/index.ts'", 'src/capabilities/lanes/index.ts'],
    ['src/demo/a/b.ts', "import { openDatabase } from '../../store/index.ts'", 'src/store/index.ts'],
    ['src/surfaces/cli/a.ts', "import { createDemo } from '../../demo/index.ts'", 'src/demo/index.ts'],
    ['src/client/a.ts', "import { type A } from '../capabilities/a/contract.ts'", 'src/capabilities/a/contract.ts'],
    ['src/client/a.ts', "import { sql } from '../core/database.ts'", 'src/core/database.ts'],
    ['src/client/a.ts', "import { request } from 'node:http'", 'node:http'],
  ])('catches in %s: %s', (path, text, target) => {
    expect(checkImportLaw([{ path, text }])).toEqual([`${path} may not import ${target}`])
  })

  it('catches the type of a capability in a surface, too', () => {
    const text = "import type { Lane } from '../../capabilities/lanes/index.ts'"
    expect(checkImportLaw([{ path: 'src/surfaces/http/a.ts', text }])).toEqual([
      'src/surfaces/http/a.ts may not import types of src/capabilities/lanes/index.ts',
    ])
  })

  it('catches a file in a folder that it does not know', () => {
    expect(checkImportLaw([{ path: 'src/plugins/a.ts', text: '' }])).toEqual([
      'src/plugins/a.ts has no place in the import law',
    ])
  })

  it('reads no import in a comment or in other words', () => {
    const text = "// import { x } from './no.ts'\n/* import('./no.ts') */\nconst text = \"import from './no.ts'\""
    expect(listImports({ path: 'src/a.ts', text })).toEqual([])
  })
})

describe('import cycles', () => {
  it('do not exist, neither between files nor between capabilities', () => {
    expect(findFileCycles(product)).toEqual([])
    expect(findCapabilityCycles(product)).toEqual([])
  })

  it('are found between files, also over an import at run time', () => {
    const files = [
      { path: 'src/a.ts', text: "import { b } from './b.ts'" },
      { path: 'src/b.ts', text: "import type { c } from './c.ts'" },
      { path: 'src/c.ts', text: "const { a } = await import('./a.ts')" },
    ]
    expect(findFileCycles(files)).toEqual(['src/a.ts -> src/b.ts -> src/c.ts -> src/a.ts'])
  })

  it('are found between capabilities whose files form none', () => {
    const files = [
      { path: 'src/capabilities/lanes/store.ts', text: "import { x } from '../status/index.ts'" },
      { path: 'src/capabilities/status/contract.ts', text: "import { y } from '../lanes/contract.ts'" },
    ]
    expect(findFileCycles(files)).toEqual([])
    expect(findCapabilityCycles(files)).toEqual(['lanes -> status -> lanes'])
  })
})

describe('the core', () => {
  it('speaks of nothing that belongs to a capability', () => {
    expect(findCapabilityWords(product)).toEqual([])
  })

  it('is caught when it does, but not for a comment', () => {
    expect(
      findCapabilityWords([{ path: 'src/core/a.ts', text: 'export const maxLane = 1\nexport const lane = 1' }]),
    ).toEqual(['src/core/a.ts speaks of a lane'])
    expect(findCapabilityWords([{ path: 'src/core/a.ts', text: '// As for a lane.' }])).toEqual([])
  })
})
