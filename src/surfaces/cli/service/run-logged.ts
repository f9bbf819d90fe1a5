import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { endProcess } from '../end-process.ts'

/**
 * Runs `serve` with all that it says going to the end of a file, for the Task Scheduler keeps nothing of it. The bus is a
 * process of its own, so that even what ends it is in the file; on Windows it ends with this one, which is all that the
 * Task Scheduler can end.
 *
 * @returns The exit status of the bus.
 */
export async function runLogged(programPath: string, flags: readonly string[], logFile: string): Promise<number> {
  mkdirSync(dirname(logFile), { recursive: true })
  const log = openSync(logFile, 'a', 0o600)
  const child = spawn(process.execPath, [programPath, 'serve', ...flags], {
    stdio: ['ignore', log, log],
    windowsHide: true,
  })
  closeSync(log)
  const ended = once(child, 'exit')
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => endProcess(child, signal))
  }
  const [exitCode] = await ended
  return typeof exitCode === 'number' ? exitCode : 1
}
