/**
 * Writes what is derived from the contracts: the client's table, docs/reference and server.json.
 * With --check writes nothing, and fails naming the files that are not fresh.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { renderFiles } from './generate/files.ts'

const root = join(import.meta.dirname, '..')
const isCheck = process.argv.includes('--check')
const stale: string[] = []

for (const [path, text] of renderFiles()) {
  const file = join(root, path)
  if (readIfThere(file) === text) continue
  stale.push(path)
  if (isCheck) continue
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

if (stale.length === 0) console.log('generated files are fresh')
else if (isCheck) {
  console.error(`not fresh: ${stale.join(', ')} -- run npm run generate`)
  process.exitCode = 1
} else console.log(`wrote ${stale.join(', ')}`)

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
