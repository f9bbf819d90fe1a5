import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'

const root = join(import.meta.dirname, '..')

/**
 * Bundles the program into dist/main.js and the client into dist/client.js. Whatever only `serve` needs becomes a file
 * of its own, so that an MCP server never loads it; the SQLite driver stays a dependency, for its binaries.
 */
export function bundle(): void {
  const { metafile } = buildSync({
    absWorkingDir: root,
    entryPoints: { main: 'src/main.ts', client: 'src/client/index.ts' },
    outdir: 'dist',
    metafile: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: ['@photostructure/sqlite'],
    // Code of ours and of others that still calls require() finds it here.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    legalComments: 'none',
    logLevel: 'warning',
  })
  // Chunks of earlier builds go one by one: a bus that runs from this folder keeps the ones that are still current.
  const current = new Set(Object.keys(metafile.outputs))
  for (const file of readdirSync(join(root, 'dist'))) {
    if (file.endsWith('.js') && !current.has(`dist/${file}`)) rmSync(join(root, 'dist', file))
  }
}
