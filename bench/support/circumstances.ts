import { execFileSync } from 'node:child_process'
import { cpus, release, type } from 'node:os'
import type { Circumstances } from './record.ts'

/** What a figure says nothing without. */
export function describeCircumstances(): Circumstances {
  return {
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
    system: `${type()} ${release()}`,
    node: process.versions.node,
    commit: describeCommit(),
    command: ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
  }
}

/** Of the product: what changed in the bench itself is no other program. */
function describeCommit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  try {
    const changes = git('status', '--porcelain', '--', 'src', 'package-lock.json')
    return `${git('rev-parse', '--short', 'HEAD')}${changes === '' ? '' : ' with changes'}`
  } catch {
    return 'unknown'
  }
}
