import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readDockerfile } from '../rules/support/dockerfile.ts'
import { createTempFolder } from '../support/bus.ts'
import { cleanEnvironment, collect } from '../support/process.ts'

const root = join(import.meta.dirname, '../..')
const { copied, env, entrypoint, command, healthcheck } = readDockerfile(readFileSync(join(root, 'Dockerfile'), 'utf8'))

/** What the image has in its folder: what is copied, and what the build makes of it. */
function buildAsTheImage(): string {
  const folder = createTempFolder()
  for (const path of copied) cpSync(join(root, path), join(folder, path), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  const build = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/build.ts'], { cwd: folder, encoding: 'utf8' })
  expect({ status: build.status, stderr: build.stderr }).toEqual({ status: 0, stderr: '' })
  return folder
}

/** Starts what the image starts, with its own settings but for the place of the data and the port. */
function start(folder: string, extra: Record<string, string>) {
  const database = `sqlite:${join(folder, 'data', 'bus.db')}`
  const settings = cleanEnvironment({ ...env, BUS_PORT: '0', BUS_DATABASE_URL: database, ...extra })
  const [, ...words] = [...entrypoint, ...command]
  const child = spawn(process.execPath, words, { cwd: folder, env: settings })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const closed = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await closed
  })
  return { child, stdout, stderr, closed }
}

async function isHealthy(port: string): Promise<boolean> {
  const [, ...words] = healthcheck
  const child = spawn(process.execPath, words, { env: cleanEnvironment({ BUS_PORT: port }) })
  const [exitCode] = await once(child, 'close')
  return exitCode === 0
}

describe('the image', () => {
  it('builds from what it copies alone, starts only with a secret, and is healthy while the bus is', async () => {
    const folder = buildAsTheImage()
    expect([entrypoint[0], healthcheck[0]]).toEqual(['node', 'node'])

    const refused = start(folder, {})
    const [exitCode] = await refused.closed
    expect({ exitCode, stderr: refused.stderr() }).toEqual({
      exitCode: 2,
      stderr: 'bus-mcp: 0.0.0.0 can be reached from other machines: set BUS_WRITE_SECRET, or listen on 127.0.0.1\n',
    })
    expect(existsSync(join(folder, 'data'))).toBe(false)

    const bus = start(folder, { BUS_WRITE_SECRET: 'letmein' })
    while (!bus.stdout().includes('Ctrl-C')) await Promise.race([once(bus.child.stdout, 'data'), bus.closed])
    const port = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(bus.stdout())?.[1] ?? ''
    expect(await isHealthy(port)).toBe(true)
    bus.child.kill()
    await bus.closed
    expect(await isHealthy(port)).toBe(false)
  })
})
