import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type BuildOptions, build as esbuild, type Metafile, type Plugin } from 'esbuild'
import { type BundledPackage, listBundled } from './supply/bundled.ts'
import { renderNotices } from './supply/notices.ts'

const root = join(import.meta.dirname, '..')

const node: BuildOptions = {
  outdir: 'dist',
  platform: 'node',
  target: 'node20.19',
  external: ['@photostructure/sqlite', 'pg-native'],
  // Code of ours and of others that still calls require() finds it here.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
}

const commandsApart: Plugin = {
  name: 'commands-apart',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\.\/commands\.ts$/ }, () => ({ path: './commands.js', external: true }))
  },
}

/**
 * The bin: the MCP server in one file, which needs nothing beside it. The commands stay behind an import, for an MCP
 * server never runs one, and every agent waits for what it loads.
 */
const bin: BuildOptions = {
  ...node,
  entryPoints: { main: 'src/main.ts' },
  plugins: [commandsApart],
}

/**
 * The commands and the client. Whatever only some of them need becomes a file of its own; the SQLite driver stays a
 * dependency, for its binaries.
 */
const program: BuildOptions = {
  ...node,
  entryPoints: { commands: 'src/commands.ts', client: 'src/client/index.ts' },
  // Its other form hides from a bundler what it requires.
  alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
  splitting: true,
}

/** The web page, as a browser loads it: one script and one style sheet. */
const panel: BuildOptions = {
  entryPoints: { main: 'src/surfaces/panel/main.tsx', style: 'src/surfaces/panel/styles/style.css' },
  outdir: 'dist/panel',
  platform: 'browser',
  target: ['chrome111', 'firefox113', 'safari16.4'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  minify: true,
  // The page brings a transport of its own, so this one is never asked for.
  external: ['./node-transport.ts'],
}

/** What goes beside every copy of our scripts, for the comments with the licences are not in them. */
export const NOTICES = 'dist/THIRD-PARTY-NOTICES.txt'

/** @returns The packages whose code the bundles contain. */
export async function bundle(): Promise<readonly BundledPackage[]> {
  const metafiles = [...(await build(bin, program)), ...(await build(panel))]
  const page = readFileSync(join(root, 'src/surfaces/panel/index.html'))
  writeFresh(join(root, 'dist/panel/index.html'), page)
  const packages = listBundled(metafiles, root)
  writeFresh(join(root, NOTICES), Buffer.from(renderNotices(packages, root)))
  return packages
}

/** Bundles one script as the bin is bundled, for comparisons. */
export async function bundleOne(entry: string, outfile: string): Promise<void> {
  const { outdir: _, ...options } = node
  await esbuild({ ...options, entryPoints: [entry], outfile, absWorkingDir: root, bundle: true, format: 'esm' })
}

/** Builds into one folder, which then has the scripts of these builds and no others. */
async function build(...builds: readonly BuildOptions[]): Promise<Metafile[]> {
  const results = await Promise.all(
    builds.map((options) =>
      esbuild({
        ...options,
        absWorkingDir: root,
        write: false,
        bundle: true,
        format: 'esm',
        metafile: true,
        legalComments: 'none',
        logLevel: 'warning',
      }),
    ),
  )
  const files = results.flatMap(({ outputFiles }) => outputFiles)
  const folder = join(root, builds[0]?.outdir ?? 'dist')
  mkdirSync(folder, { recursive: true })
  const current = new Set(files.map(({ path }) => basename(path)))
  for (const file of readdirSync(folder)) if (file.endsWith('.js') && !current.has(file)) rmSync(join(folder, file))
  for (const { path, contents } of files) writeFresh(path, contents)
  return results.map(({ metafile }) => metafile)
}

/** What did not change is left alone: another bus or a test may be starting from it at this moment. */
function writeFresh(path: string, contents: Uint8Array): void {
  if (!existsSync(path) || !readFileSync(path).equals(contents)) writeFileSync(path, contents)
}
