/** `npm run mcpb`: the MCP server as a bundle that desktop clients install by a click. `-- FILE` says where to. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { packExtension } from '@anthropic-ai/mcpb'
import packageFile from '../package.json' with { type: 'json' }
import { bundle, NOTICES } from './bundle.ts'
import { BUNDLED_SERVER, buildManifest } from './generate/mcpb-manifest.ts'

const root = join(import.meta.dirname, '..')

await bundle()
const folder = mkdtempSync(join(tmpdir(), 'bus-mcpb-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const server = join(folder, BUNDLED_SERVER)
mkdirSync(dirname(server))
copyFileSync(join(root, 'dist/main.js'), server)
for (const file of ['LICENSE', NOTICES]) copyFileSync(join(root, file), join(folder, basename(file)))
writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(buildManifest(), null, 2)}\n`)

// It checks the manifest first, as `mcpb validate` does.
const outputPath = resolve(process.argv[2] ?? `${packageFile.name}-${packageFile.version}.mcpb`)
if (!(await packExtension({ extensionPath: folder, outputPath }))) process.exitCode = 1
