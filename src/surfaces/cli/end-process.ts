import { type ChildProcess, spawnSync } from 'node:child_process'

/**
 * Asks a process to end, by a signal. Windows has none: a process is only ended there, at once, and what it began runs on, as
 * the program that `cmd.exe` runs for `npm.cmd`. So there its whole tree is ended, whatever the signal.
 */
export function endProcess(
  child: ChildProcess,
  signal: NodeJS.Signals,
  platform: NodeJS.Platform = process.platform,
): void {
  if (platform !== 'win32') {
    child.kill(signal)
    return
  }
  if (child.pid === undefined || child.exitCode !== null) return
  const { status } = spawnSync('taskkill', ['/pid', String(child.pid), '/T', '/F'], {
    stdio: 'ignore',
    windowsHide: true,
  })
  // Windows refuses other signals, such as SIGHUP, with an exception.
  if (status !== 0) child.kill('SIGTERM')
}
