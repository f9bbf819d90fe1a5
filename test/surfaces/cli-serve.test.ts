import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { startFakeServer } from '../support/fake-server.ts'
import { runMain, startBusProcess } from '../support/process.ts'

const MEMORY = ['--database-url', 'sqlite::memory:']

/** Runs a `serve` that must not start: nothing on standard output, one line on standard error. */
async function serveInVain(args: readonly string[], env: Record<string, string> = {}) {
  const { exitCode, stdout, stderr } = await runMain(['serve', '--port', '0', ...args], env)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^bus-mcp: [^\n]+\n$/)
  return { exitCode, line: stderr }
}

describe('bus-mcp serve that cannot start', () => {
  it.each(['abc', '70000', '-1', '80.5'])('ends with 2 for port %s', async (port) => {
    const { exitCode, line } = await serveInVain([...MEMORY, `--port=${port}`])
    expect({ exitCode, line }).toEqual({ exitCode: 2, line: 'bus-mcp: --port must be a port from 0 to 65535\n' })
  })

  it.each(['--port', '--host'])('ends with 2 for a socket that is to have %s, too', async (flag) => {
    const { exitCode, stderr } = await runMain(['serve', '--listen', 'unix:/nowhere/bus.sock', flag, '0', ...MEMORY])
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: 'bus-mcp: --listen is a place without a port: leave --host and --port out, or --listen\n',
    })
  })

  it('names the variable when the value came from there', async () => {
    const { exitCode, line } = await serveInVain(MEMORY, { BUS_MAX_LEASE_SECONDS: 'long' })
    expect({ exitCode, line }).toEqual({
      exitCode: 2,
      line: 'bus-mcp: BUS_MAX_LEASE_SECONDS must be a positive number of seconds\n',
    })
  })

  it.each(['mysql://localhost/bus', 'bus.db', 'sqlite:', 'http://127.0.0.1'])(
    'ends with 2 for database %s',
    async (url) => {
      const { exitCode, line } = await serveInVain(['--database-url', url])
      expect(exitCode).toBe(2)
      expect(line).toContain('must be sqlite:PATH, as in sqlite:./bus.db')
    },
  )

  it('ends with 69 when the port is taken, and says what to do', async () => {
    const { port } = await startFakeServer(() => {})
    const { exitCode, line } = await serveInVain([...MEMORY, '--port', String(port)])
    expect(exitCode).toBe(69)
    expect(line).toContain(`127.0.0.1:${port} is taken, perhaps by another bus`)
    expect(line).toContain('--port 0')
  })

  it('ends with 69 when another bus uses the database, and says which', async () => {
    const url = `sqlite:${join(createTempFolder(), 'bus.db')}`
    const { child } = await startBusProcess(['--port', '0', '--database-url', url])
    const { exitCode, line } = await serveInVain(['--database-url', url])
    expect(exitCode).toBe(69)
    expect(line).toContain(`another bus (process ${child.pid}) is using `)
    expect(line).toContain('--database-url sqlite:PATH')
  })

  it('ends with 69 when the file is no database', async () => {
    const file = join(createTempFolder(), 'notes.txt')
    writeFileSync(file, 'Not a database, but a text that somebody still wants to read. '.repeat(100))
    const { exitCode, line } = await serveInVain(['--database-url', `sqlite:${file}`])
    expect(exitCode).toBe(69)
    expect(line).toContain(`cannot use the database ${file}`)
  })

  it('ends with 65 when the file is damaged, and says what to do', async () => {
    const file = join(createTempFolder(), 'bus.db')
    await (await startTestBus({ databasePlace: file })).close()
    // Whole at its head, and cut off behind it.
    writeFileSync(file, readFileSync(file).subarray(0, 4_096 + 100))
    const { exitCode, line } = await serveInVain(['--database-url', `sqlite:${file}`])
    expect({ exitCode, line }).toEqual({
      exitCode: 65,
      line: `bus-mcp: the database ${file} is damaged -- stop the bus, keep a copy of the file, and restore the newest backup that passes\n`,
    })
  })

  it('ends with 69 when the path is a folder', async () => {
    const folder = join(createTempFolder(), 'bus.db')
    mkdirSync(folder)
    const { exitCode, line } = await serveInVain(['--database-url', `sqlite:${folder}`])
    expect(exitCode).toBe(69)
    expect(line).toContain(folder)
  })

  it.each(['0.0.0.0', '::', '192.0.2.1', ''])('ends with 2 on host %j without a secret, and says why', async (host) => {
    // An empty flag counts as unset; then the variable decides.
    const { exitCode, line } = await serveInVain([...MEMORY, '--host', host], { BUS_HOST: '0.0.0.0' })
    expect(exitCode).toBe(2)
    expect(line).toContain('can be reached from other machines: set BUS_WRITE_SECRET, or listen on 127.0.0.1')
  })

  it('ends with 2 on a host that is not of this machine', async () => {
    const { exitCode, line } = await serveInVain([...MEMORY, '--host', '192.0.2.1'], { BUS_WRITE_SECRET: 'letmein' })
    expect(exitCode).toBe(2)
    expect(line).toContain('cannot listen on 192.0.2.1:0')
    expect(line).not.toContain('letmein')
  })

  it('ends with 2 when the secret could not travel in a header, and does not show it', async () => {
    const { exitCode, line } = await serveInVain(MEMORY, { BUS_WRITE_SECRET: ' geheimnis✓' })
    expect(exitCode).toBe(2)
    expect(line).toContain('BUS_WRITE_SECRET must be printable ASCII')
    expect(line).not.toContain('geheimnis')
  })

  it('ends with 2 when something follows that it does not take', async () => {
    const { exitCode, line } = await serveInVain([...MEMORY, 'now'])
    expect(exitCode).toBe(2)
    expect(line).toContain("Unexpected argument 'now'")
  })
})

describe('a variable that is near to a setting and is none', () => {
  const env = { BUS_WRITE_SECRT: 'letmein', BUS_LANE: 'feeds', BUSINESS_HOURS: '9', BUS_MCP_TOOLSET: '' }
  const warning = 'bus-mcp: BUS_WRITE_SECRT is set, and is no setting: is BUS_WRITE_SECRET meant?\n'

  it('is told by a bus, which would be open else without a word, and without its value', async () => {
    const bus = await startBusProcess(['--port', '0', ...MEMORY], env)
    expect(bus.stderr()).toBe(warning)
  })

  it('is told by every command, which goes on', async () => {
    const bus = await startBusProcess(['--port', '0', ...MEMORY])
    const run = await runMain(['topics'], { ...env, BUS_MCP_BASE_URL: bus.apiUrl })
    expect(run).toMatchObject({ exitCode: 0, stderr: warning })
  })
})
