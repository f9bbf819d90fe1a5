import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../rules/support/tree.ts'

function runBench(...args: string[]) {
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/bench.ts', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  return { status, lines: stderr.trim().split('\n') }
}

describe('the bench', () => {
  it.each([
    ['writs', 'no question writs'],
    ['--ful', "Unknown option '--ful'"],
    ['--full=yes', "Option '--full' does not take an argument"],
  ])('answers %s with one line that says what there is', (arg, begin) => {
    const { status, lines } = runBench(arg)
    expect(status).toBe(2)
    expect(lines).toEqual([expect.stringContaining(begin)])
    expect(lines[0]).toMatch(/there are --full, --check, --record and the questions agents, .*writes$/)
  })
})
