import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTempFolder } from '../support/bus.ts'
import { findFreePort } from '../support/free-port.ts'
import { cleanEnvironment, MAIN, runMain } from '../support/process.ts'

const IS_WINDOWS = process.platform === 'win32'
const own = { win32: 'windows', darwin: 'launchd' }[String(process.platform)] ?? 'systemd'
/** Of a checkout, or a Node, below /tmp: a service of systemd has such a folder of its own. */
const isUnseen =
  own === 'systemd' && [MAIN, process.execPath].some((path) => /^\/(?:var\/)?tmp\//.test(realpathSync(path)))

describe('bus-mcp service', () => {
  it('prints the file of this system with the program that runs, and beside it what to type', async () => {
    const flags = ['--port', '8101', '--retain-days=30']
    const typed = ['service', ...(isUnseen ? ['launchd'] : []), ...flags]
    const { exitCode, stdout, stderr } = await runMain(typed, { BUS_WRITE_SECRET: 'letmein', BUS_PORT: '9' })
    expect(exitCode).toBe(0)
    for (const word of ['--port=8101', '--retain-days=30', 'main.js']) expect(stdout).toContain(word)
    // What is set where it is typed is set in no service, and a secret least of all.
    expect(stdout).not.toContain('letmein')
    expect(stderr).toContain('BUS_WRITE_SECRET=…')
    const named = await runMain(['service', isUnseen ? 'launchd' : own, ...flags])
    expect(named).toEqual({ exitCode, stdout, stderr })
  })

  it.runIf(isUnseen)('prints none of systemd for a program that the service would not see', async () => {
    const { exitCode, stdout, stderr } = await runMain(['service'])
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain('a service sees nothing of what is in /tmp')
  })

  // Systemd starts no program with a path of Windows.
  const others = ['systemd', 'launchd', 'windows'].filter((system) => system !== own)
  it.each(others.filter((system) => !(IS_WINDOWS && system === 'systemd')))(
    'prints the file of %s too, and says that its paths are those of this machine',
    async (system) => {
      const { exitCode, stdout, stderr } = await runMain(['service', system])
      expect({ exitCode, isEmpty: stdout === '' }).toEqual({ exitCode: 0, isEmpty: false })
      expect(stderr).toMatch(/^Its paths are those of this machine/)
    },
  )

  it.runIf(IS_WINDOWS)('makes no file of systemd on Windows, and says where to type it', async () => {
    const { exitCode, stdout, stderr } = await runMain(['service', 'systemd'])
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain('is of Windows: type the command on the machine where it is to run')
  })

  it('names a database by its whole path, for a service begins in another folder', async () => {
    const folder = createTempFolder()
    const { stdout } = await runMain(['service', 'launchd', '--database-url', 'sqlite:bus.db'], {}, '', folder)
    expect(stdout).toMatch(/--database-url=sqlite:(?:\/|[A-Z]:).*bus\.db</)
  })

  it.each([
    [['upstart'], 'bus-mcp service: name one system: systemd, launchd, windows'],
    [['systemd', 'launchd'], "bus-mcp: there is one word too many: 'launchd'"],
    [['--port', '99999'], 'bus-mcp: --port must be a port from 0 to 65535'],
    [['--scope', 'all'], 'bus-mcp: --scope must be user or system'],
    [['--demo'], "bus-mcp: Unknown option '--demo'"],
    [['--write-secret', 'x'], "bus-mcp: Unknown option '--write-secret'"],
    [
      ['--database-url', 'postgres://bus:hunter2@db.example/bus'],
      'bus-mcp service: the URL of a server is a secret: set it as BUS_DATABASE_URL in the file of variables instead',
    ],
    [['run'], 'bus-mcp service: name the file of the log, as in --log-file bus.log'],
  ])('ends with 2 after %j', async (args, said) => {
    const { exitCode, stdout, stderr } = await runMain(['service', ...args])
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain(said)
    expect(stderr).not.toContain('hunter2')
  })
})

describe('bus-mcp service run', () => {
  it('runs the bus with all that it says in the file, adds to what is there, and ends with it', async () => {
    const folder = createTempFolder()
    const logFile = join(folder, 'logs of mine', 'bus.log')
    const port = await findFreePort()
    const database = ['--database-url', `sqlite:${join(folder, 'bus.db')}`]
    const args = [MAIN, 'service', 'run', '--log-file', logFile, '--port', String(port), ...database]
    const isReady = () =>
      fetch(`http://127.0.0.1:${port}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      )
    for (const round of [1, 2]) {
      const service = spawn(process.execPath, args, { env: cleanEnvironment() })
      const closed = once(service, 'close')
      onTestFinished(() => {
        service.kill()
      })
      await expect.poll(isReady, { timeout: 15_000 }).toBe(true)
      service.kill()
      await closed
      // On Windows, where nobody can ask, it ends with the process that the Task Scheduler ends.
      await expect.poll(isReady, { timeout: 15_000 }).toBe(false)
      expect(readFileSync(logFile, 'utf8').match(/is listening on/g)).toHaveLength(round)
    }
  }, 60_000)

  it('ends as the bus does, whose last words are in the file', async () => {
    const folder = createTempFolder()
    const logFile = join(folder, 'bus.log')
    const env = { BUS_PORT: 'eighty' }
    expect(await runMain(['service', 'run', '--log-file', logFile], env)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: '',
    })
    expect(readFileSync(logFile, 'utf8')).toContain('BUS_PORT must be a port')
  })
})
