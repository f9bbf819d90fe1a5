import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'
import { describe, expect, it } from 'vitest'
import packageFile from '../../package.json' with { type: 'json' }
import lockfile from '../../package-lock.json' with { type: 'json' }
import { bundle, NOTICES } from '../../scripts/bundle.ts'
import { listBundled } from '../../scripts/supply/bundled.ts'
import { renderNotices } from '../../scripts/supply/notices.ts'
import { type Component, type Sbom, toShipped } from '../../scripts/supply/sbom.ts'
import { createTempFolder } from '../support/bus.ts'
import { runScript } from '../support/script.ts'

const root = join(import.meta.dirname, '../..')

/** A build of one file of a package that somebody installed in a folder of the test. */
function installPackage(files: Readonly<Record<string, string>>): { metafile: Metafile; folder: string } {
  const folder = createTempFolder()
  const written = { 'package.json': '{ "name": "planted", "version": "1.2.3", "license": "MIT" }', ...files }
  mkdirSync(join(folder, 'node_modules/planted'), { recursive: true })
  for (const [name, text] of Object.entries(written)) writeFileSync(join(folder, 'node_modules/planted', name), text)
  const inputs = {
    'node_modules/planted/index.js': { bytesInOutput: 10 },
    'node_modules/left-out/index.js': { bytesInOutput: 0 },
    'src/main.ts': { bytesInOutput: 10 },
  }
  const output = { inputs, bytes: 20, imports: [], exports: [] }
  return { folder, metafile: { inputs: {}, outputs: { 'dist/main.js': output } } }
}

describe('the notices of what is bundled', () => {
  it('name every package in the bundles, and the copies that they carry, above the text of its licence', async () => {
    const packages = await bundle()
    const text = readFileSync(join(root, NOTICES), 'utf8')
    expect(text).toBe(renderNotices(packages, root))
    for (const { name, version } of packages) expect(text).toContain(`\n${name} ${version} (`)
    const names = packages.map(({ name }) => name)
    // Of the bin, of the rest of the program, and of the page.
    for (const name of ['@modelcontextprotocol/server', 'pg', 'preact', 'zod']) expect(names).toContain(name)
    expect(text).toMatch(/^ajv [\d.]+ \(MIT\), as a copy in @modelcontextprotocol\/server$/m)
    // One of a file, one of a README, one of several words.
    for (const owner of ['Evgeny Poberezkin', 'Hannes Hörl', 'Copyright (c) 2015-present Jason Miller'])
      expect(text).toContain(owner)
  })

  it('hold a package that is bundled, and none that a build only looked at', () => {
    const { folder, metafile } = installPackage({ 'index.js': '', 'LICENSE.md': 'Do\r\nas you like.\r\n' })
    const packages = listBundled([metafile], folder)
    expect(packages.map(({ name }) => name)).toEqual(['planted'])
    expect(renderNotices(packages, folder)).toContain('\nplanted 1.2.3 (MIT)\n\nDo\nas you like.\n')
  })

  it('cannot be made for a package without a licence text, nor for a copy of one that is not here', () => {
    const silent = installPackage({ 'index.js': '', 'README.md': '# Planted\n' })
    const packages = listBundled([silent.metafile], silent.folder)
    expect(() => renderNotices(packages, silent.folder)).toThrow('planted has no licence text')

    const text = '//#region ../node_modules/.pnpm/@a+b@2.0.0_c@1.0.0/node_modules/@a/b/index.js\n'
    const copying = installPackage({ 'index.js': text, LICENSE: 'x' })
    expect(() => listBundled([copying.metafile], copying.folder)).toThrow(
      'planted carries a copy of @a/b 2.0.0, whose licence is nowhere in node_modules',
    )
  })
})

/** What CycloneDX 1.5 requires of a component, and what whoever looks for a known fault needs. */
function checkComponent(component: Component & Record<string, unknown>): string[] {
  const { name, version, type, purl } = component
  const problems = [
    type === 'library' ? '' : 'has no type',
    version ? '' : 'has no version',
    purl === `pkg:npm/${name.replace('@', '%40')}@${version}` ? '' : 'has no package URL',
    Array.isArray(component.licenses) && component.licenses.length > 0 ? '' : 'has no licence',
  ]
  return problems.filter(Boolean).map((problem) => `${name} ${problem}`)
}

describe('npm run sbom', () => {
  it('writes what is shipped: the bundled and the installed packages, each with what it was when it was chosen', async () => {
    const file = join(createTempFolder(), 'bus.cdx.json')
    const { exitCode, stderr } = await runScript('sbom.ts', [file])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const sbom = JSON.parse(readFileSync(file, 'utf8'))
    expect(sbom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1 })
    expect(sbom.serialNumber).toMatch(/^urn:uuid:[0-9a-f-]{36}$/)
    const { name, version } = packageFile
    expect(sbom.metadata.component).toMatchObject({ type: 'application', name, version })

    const components: (Component & Record<string, unknown>)[] = sbom.components
    expect(components.flatMap(checkComponent)).toEqual([])
    const refs = components.map((one) => one['bom-ref'])
    expect(new Set(refs).size).toBe(refs.length)
    const locked: Record<string, { integrity?: string; version?: string }> = lockfile.packages
    for (const wanted of ['zod', 'pg', '@modelcontextprotocol/server', 'preact', '@photostructure/sqlite']) {
      const { version: chosen, integrity = '' } = locked[`node_modules/${wanted}`] ?? {}
      const content = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex')
      expect(components.find(({ name: found, version: told }) => found === wanted && told === chosen)).toMatchObject({
        hashes: [{ alg: 'SHA-512', content }],
      })
    }
    for (const tool of ['esbuild', 'vitest', 'typescript'])
      expect(components.map((one) => one.name)).not.toContain(tool)
    const sdk = components.find((one) => one.name === '@modelcontextprotocol/server')
    expect(sdk?.components?.map((copy) => copy.name)).toContain('ajv')

    // Whatever is in it is there because something else in it needs it.
    const needed = new Set(sbom.dependencies.flatMap((one: Sbom['dependencies'][number]) => one.dependsOn))
    expect(refs.filter((ref) => !needed.has(ref))).toEqual([])
  }, 60_000)

  it('fails when npm does not know of a package that is bundled', () => {
    const unknown = { name: 'planted', version: '1.0.0', license: 'MIT', folder: 'x', copiedBy: undefined }
    const component = { 'bom-ref': 'bus-mcp@1.0.0', name: 'bus-mcp' }
    expect(() =>
      toShipped({ metadata: { component }, components: [], dependencies: [] }, [unknown], 'bus-mcp'),
    ).toThrow('npm does not know of what is bundled: planted@1.0.0')
  })
})
