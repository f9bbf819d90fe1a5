import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createTempFolder } from '../../../test/support/bus.ts'
import { endProcess } from './end-process.ts'

const IS_WINDOWS = process.platform === 'win32'
const sleep = 'setTimeout(() => {}, 60_000)'

function start(script: string): { child: ChildProcess; ended: Promise<unknown[]> } {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return { child, ended: once(child, 'exit') }
}

describe('a process that is ended', () => {
  it.skipIf(IS_WINDOWS)('gets the signal where there are signals', async () => {
    const { child, ended } = start(sleep)
    endProcess(child, 'SIGHUP')
    expect(await ended).toEqual([null, 'SIGHUP'])
  })

  it.skipIf(IS_WINDOWS)('is never given SIGHUP by Windows, also where nothing ends its tree', async () => {
    vi.stubEnv('PATH', createTempFolder())
    onTestFinished(() => {
      vi.unstubAllEnvs()
    })
    const { child, ended } = start(sleep)
    endProcess(child, 'SIGHUP', 'win32')
    expect(await ended).toEqual([null, 'SIGTERM'])
  })

  it.skipIf(IS_WINDOWS)('is ended by the program of Windows that ends trees, and by it alone', async () => {
    const folder = createTempFolder()
    const program = join(folder, 'taskkill')
    writeFileSync(program, `#!/bin/sh\necho "$@" > ${join(folder, 'asked')}\nkill -9 "$2"\n`)
    chmodSync(program, 0o755)
    vi.stubEnv('PATH', [folder, '/usr/bin', '/bin'].join(delimiter))
    onTestFinished(() => {
      vi.unstubAllEnvs()
    })
    const { child, ended } = start(sleep)
    endProcess(child, 'SIGTERM', 'win32')
    expect(await ended).toEqual([null, 'SIGKILL'])
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toBe(`/pid ${child.pid} /T /F\n`)
  })

  it.skipIf(!IS_WINDOWS)('takes with it on Windows what it began', async () => {
    const { child, ended } = start(`const { spawn } = require('node:child_process')
      console.log(spawn(process.execPath, ['-e', '${sleep}'], { stdio: 'ignore' }).pid); ${sleep}`)
    if (!child.stdout) throw new Error('it has no output')
    const [line] = await once(createInterface(child.stdout), 'line')
    endProcess(child, 'SIGTERM')
    await ended
    await expect.poll(() => isThere(Number(line)), { timeout: 20_000 }).toBe(false)
  })
})

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
