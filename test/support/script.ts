import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { cleanEnvironment, collect, type Run } from './process.ts'

const root = join(import.meta.dirname, '../..')

/** Runs a script of `scripts/` to its end, as its npm command does. */
export async function runScript(name: string, args: readonly string[]): Promise<Run> {
  const file = join(root, 'scripts', name)
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], { cwd: root, env: cleanEnvironment() })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const [exitCode] = await once(child, 'close')
  return { exitCode, stdout: stdout(), stderr: stderr() }
}
