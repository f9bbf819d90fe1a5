import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type BuildOptions, buildSync } from 'esbuild'

const root = join(import.meta.dirname, '..')

/**
 * Bundles the program into dist/main.js and the client into dist/client.js. Whatever only `serve` needs becomes a file
 * of its own, so that an MCP server never loads it; the SQLite driver stays a dependency, for its binaries.
 */
const program: BuildOptions = {
  entryPoints: { main: 'src/main.ts', client: 'src/client/index.ts' },
  outdir: 'dist',
  splitting: true,
  platform: 'node',
  target: 'node20.19',
  external: ['@photostructure/sqlite', 'pg-native'],
  // Code of ours and of others that still calls require() finds it here.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
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

export function bundle(): void {
  build(program)
  build(panel)
  const page = readFileSync(join(root, 'src/surfaces/panel/index.html'))
  writeFresh(join(root, 'dist/panel/index.html'), page)
}

function build(options: BuildOptions & { outdir?: string }): void {
  const { outputFiles = [] } = buildSync({
    ...options,
    absWorkingDir: root,
    write: false,
    bundle: true,
    format: 'esm',
    legalComments: 'none',
    logLevel: 'warning',
  })
  const folder = join(root, options.outdir ?? 'dist')
  mkdirSync(folder, { recursive: true })
  const current = new Set(outputFiles.map(({ path }) => basename(path)))
  for (const file of readdirSync(folder)) if (file.endsWith('.js') && !current.has(file)) rmSync(join(folder, file))
  for (const { path, contents } of outputFiles) writeFresh(path, contents)
}

/** What did not change is left alone: another bus or a test may be starting from it at this moment. */
function writeFresh(path: string, contents: Uint8Array): void {
  if (!existsSync(path) || !readFileSync(path).equals(contents)) writeFileSync(path, contents)
}
