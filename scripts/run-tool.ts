import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** Runs a package's own script with this Node, so that no shell and no `.bin` link is needed. Ends on failure. */
export function runTool(script: string, args: readonly string[]): void {
  const [scope = '', name = ''] = script.split('/')
  const folder = script.startsWith('@') ? `${scope}/${name}` : scope
  const file = join(
    createRequire(import.meta.url).resolve(`${folder}/package.json`),
    '..',
    script.slice(folder.length + 1),
  )
  const { status } = spawnSync(process.execPath, [file, ...args], { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
