import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { buildSync } from 'esbuild'

const root = join(import.meta.dirname, '..')

/**
 * Bundles the program into dist/main.js and the client into dist/client.js. Whatever only `serve` needs becomes a file
 * of its own, so that an MCP server never loads it; the SQLite driver stays a dependency, for its binaries.
 */
export function bundle(): void {
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: { main: 'src/main.ts', client: 'src/client/index.ts' },
    outdir: 'dist',
    write: false,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: ['@photostructure/sqlite', 'pg-native'],
    // Code of ours and of others that still calls require() finds it here.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    legalComments: 'none',
    logLevel: 'warning',
  })
  const dist = join(root, 'dist')
  mkdirSync(dist, { recursive: true })
  const current = new Set(outputFiles.map(({ path }) => basename(path)))
  for (const file of readdirSync(dist)) if (file.endsWith('.js') && !current.has(file)) rmSync(join(dist, file))
  // What did not change is left alone: another bus or a test may be starting from it at this moment.
  for (const { path, contents } of outputFiles) if (!isSame(path, contents)) writeFileSync(path, contents)
}

function isSame(path: string, contents: Uint8Array): boolean {
  return existsSync(path) && readFileSync(path).equals(contents)
}
