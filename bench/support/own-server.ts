import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { Workplace } from './servers.ts'

/** The version of a program of this machine; undefined when there is no such program. */
export function findVersion(program: string, pattern: RegExp): string | undefined {
  const { stdout, error } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  return error ? undefined : pattern.exec(stdout)?.[1]
}

/** Starts a server of the bench's own; it ends with the workplace. */
export function startOwnServer(workplace: Workplace, program: string, args: readonly string[]): void {
  const child = spawn(program, args, { stdio: 'ignore' })
  const ended = once(child, 'exit')
  workplace.atEnd(async () => {
    child.kill('SIGTERM')
    await ended
  })
}
