import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import packageFile from '../../package.json' with { type: 'json' }
import lockfile from '../../package-lock.json' with { type: 'json' }
import { bundle } from '../../scripts/bundle.ts'
import {
  checkInstallScripts,
  checkIntegrity,
  checkLicences,
  checkReasons,
  type LockedPackage,
  type LockedPackages,
} from './support/supply.ts'
import { ROOT } from './support/tree.ts'

const { '': _, ...locked }: LockedPackages = lockfile.packages
const dependencies = { ...packageFile.dependencies, ...packageFile.devDependencies }
const page = readFileSync(join(ROOT, 'decisions/002-dependencies.md'), 'utf8')
const folders = (await bundle()).map(({ folder }) => folder)

const withOne = (one: LockedPackage, folder = 'node_modules/planted'): LockedPackages => ({ [folder]: one })

describe('the packages of the lockfile', () => {
  it('are under licences that we can keep, those of tools apart', () => {
    expect(Object.keys(locked).length).toBeGreaterThan(100)
    expect(folders.filter((folder) => !(folder in locked))).toEqual([])
    expect(checkLicences(locked, new Set(folders))).toEqual([])
  })

  it.each([
    [{ license: 'GPL-3.0-only', dev: true }, 'node_modules/planted is under GPL-3.0-only'],
    [{ license: 'AGPL-3.0-or-later' }, 'node_modules/planted is under AGPL-3.0-or-later'],
    [{ license: 'MIT AND GPL-2.0' }, 'node_modules/planted is under MIT AND GPL-2.0'],
    [{ license: '(MIT AND (ISC OR GPL-2.0))' }, 'node_modules/planted is under (MIT AND (ISC OR GPL-2.0))'],
    [{ license: 'MPL-2.0' }, 'node_modules/planted is under MPL-2.0'],
    [{ license: 'UNLICENSED', dev: true }, 'node_modules/planted is under UNLICENSED'],
    [{ dev: true }, 'node_modules/planted is under no licence'],
  ])('are told when they are not: %j', (one, breach) => {
    expect(checkLicences(withOne(one), new Set())).toEqual([breach])
  })

  it('are told when a tool that was admitted as such is bundled', () => {
    const tool = withOne({ license: 'MPL-2.0', dev: true })
    expect(checkLicences(tool, new Set())).toEqual([])
    expect(checkLicences(tool, new Set(['node_modules/planted']))).toEqual(['node_modules/planted is under MPL-2.0'])
  })

  it.each(['MIT', 'Apache-2.0 OR GPL-2.0', '(MIT OR CC0-1.0)', 'MIT AND ISC'])('may be under %s', (license) => {
    expect(checkLicences(withOne({ license }), new Set())).toEqual([])
  })

  it('run nothing when they are installed, but for those with a reason', () => {
    expect(checkInstallScripts(locked)).toEqual([])
  })

  it('are told when one more does, also one deep below, and when a reason is for nothing', () => {
    const planted = withOne({ hasInstallScript: true, dev: true }, 'node_modules/zod/node_modules/@evil/miner')
    expect(checkInstallScripts({ ...locked, ...planted })).toEqual(['@evil/miner runs a script when it is installed'])
    expect(checkInstallScripts({}, { old: 'was needed once' })).toEqual([
      'old has a reason for a script that it has not',
    ])
  })

  it('are each held to what they were when they were chosen', () => {
    expect(checkIntegrity(locked)).toEqual([])
    expect(checkIntegrity(withOne({ version: '1.0.0' }))).toEqual([
      'node_modules/planted has no SHA-512 in the lockfile',
    ])
  })
})

describe('the direct dependencies', () => {
  it('have each a row in decisions/002-dependencies.md, and one version', () => {
    expect(checkReasons(dependencies, page)).toEqual([])
  })

  it.each([
    [{ ...dependencies, 'left-pad': '1.3.0' }, 'left-pad has no row that says why'],
    [{ ...dependencies, zod: '^4.0.0' }, 'zod is not pinned: ^4.0.0'],
    [{ ...dependencies, zod: 'github:someone/zod' }, 'zod is not pinned: github:someone/zod'],
  ])('are told when they have not (%#)', (changed, breach) => {
    expect(checkReasons(changed, page)).toEqual([breach])
  })

  it('are told when a row says nothing, or is for one that is gone', () => {
    const emptied = page.replace(/(\| `pg` 8 \|)[^|]*/, '$1 ')
    expect(checkReasons(dependencies, emptied)).toEqual(['pg has no row that says why'])
    const { pg: gone, ...rest } = dependencies
    expect(gone).toBeDefined()
    expect(checkReasons(rest, page)).toEqual(['pg has a row and is no dependency'])
  })
})
