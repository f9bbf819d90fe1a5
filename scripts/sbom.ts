/** `npm run sbom`: the bill of materials of what is shipped, in CycloneDX. `-- FILE` says where to. */
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import spawn from 'cross-spawn'
import packageFile from '../package.json' with { type: 'json' }
import { bundle } from './bundle.ts'
import { toShipped } from './supply/sbom.ts'

const { name, version } = packageFile
const root = join(import.meta.dirname, '..')
const output = resolve(process.argv[2] ?? `${name}-${version}.cdx.json`)

const bundled = await bundle()
// From the lockfile, and so without what this machine has beside it.
const args = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx']
const { status, stdout, stderr } = spawn.sync('npm', args, { cwd: root, encoding: 'utf8' })
if (status !== 0) throw new Error(`npm sbom failed: ${stderr}`)
writeFileSync(output, `${JSON.stringify(toShipped(JSON.parse(stdout), bundled, name), null, 2)}\n`)
console.log(output)
