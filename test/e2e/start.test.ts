import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { VERSION } from '../../src/config.ts'
import { createTempFolder } from '../support/bus.ts'
import { type BusProcess, MAIN, runMain, startBusProcess } from '../support/process.ts'

const start = (file: string, env: Record<string, string> = {}) =>
  startBusProcess(['--port', '0', '--database-url', `sqlite:${file}`], env)

describe('bus-mcp serve', () => {
  it('prints its address, its database file and the line to type to connect an agent, and answers there', async () => {
    const file = join(createTempFolder(), 'new', 'folder', 'bus.db')
    const { origin, apiUrl, stdout, stderr } = await start(file)
    expect(stdout()).toBe(`bus-mcp ${VERSION} is listening on ${origin}
  panel     ${origin}/
  API       ${apiUrl}
  MCP       ${origin}/mcp
  database  ${file} (new: it was not there)
  writes    open

Connect the agents of a project: type in its folder, for claude, codex, cursor, vscode or gemini,
  node "${realpathSync(MAIN)}" connect claude --write --base-url ${apiUrl}
Stop with Ctrl-C.
`)
    expect(stderr()).toBe('')
    expect(existsSync(file)).toBe(true)
    expect(await runMain(['claim', 'feeds-refactor'], { BUS_MCP_BASE_URL: apiUrl })).toMatchObject({ exitCode: 0 })
  })

  it('says that writes need the secret, and shows it nowhere', async () => {
    const { apiUrl, stdout } = await start(join(createTempFolder(), 'bus.db'), { BUS_WRITE_SECRET: 'letmein' })
    expect(stdout()).toMatch(/^ {2}writes +need BUS_WRITE_SECRET$/m)
    expect(stdout()).toContain('or gemini, with BUS_WRITE_SECRET set,')
    expect(stdout()).toContain(`connect claude --write --base-url ${apiUrl}`)
    expect(stdout()).not.toContain('letmein')
  })

  it('keeps its database in the data folder of its user when nobody says where', async () => {
    const home = createTempFolder()
    const env = { HOME: home, USERPROFILE: home, LOCALAPPDATA: join(home, 'local'), XDG_DATA_HOME: join(home, 'share') }
    const { stdout } = await startBusProcess(['--port', '0'], env)
    const file = /^ {2}database +(.+) \(new: .*$/m.exec(stdout())?.[1] ?? ''
    expect(file.startsWith(home)).toBe(true)
    expect(file.endsWith(join('bus-mcp', 'bus.db'))).toBe(true)
    expect(existsSync(file)).toBe(true)
  })

  it('takes its settings from the environment, and a flag before its variable', async () => {
    const file = join(createTempFolder(), 'bus.db')
    const env = { BUS_PORT: '1', BUS_DATABASE_URL: `sqlite:${file}`, BUS_MAX_LEASE_SECONDS: '60' }
    const { apiUrl, stdout } = await startBusProcess(['--port', '0'], env)
    expect(stdout()).toContain(file)
    const claimed = await runMain(['claim', 'a', '--json'], { BUS_MCP_BASE_URL: apiUrl })
    expect(JSON.parse(claimed.stdout)).toMatchObject({ lease_s: 60, requested_lease_s: 300, clamped: true })
  })
})

// Windows delivers no signals: a process is ended from outside, or by Ctrl-C at its own console.
describe.skipIf(process.platform === 'win32').each(['SIGTERM', 'SIGINT'] as const)(
  'bus-mcp serve after %s',
  (signal) => {
    it('ends with 0 and lets go of its file and its port', async () => {
      const file = join(createTempFolder(), 'bus.db')
      const first = await start(file)
      const env = { BUS_MCP_BASE_URL: first.apiUrl, BUS_MCP_AGENT_ID: 'planner' }
      expect(await runMain(['claim', 'feeds-refactor'], env)).toMatchObject({ exitCode: 0 })
      expect(await signalAndWait(first, signal)).toEqual({ exitCode: 0, signal: null })
      expect(first.stderr()).toBe('')

      const { port } = new URL(first.origin)
      const second = await startBusProcess(['--port', port, '--database-url', `sqlite:${file}`])
      expect(second.origin).toBe(first.origin)
      expect(await runMain(['heartbeat', 'feeds-refactor'], env)).toMatchObject({ exitCode: 0 })
    })
  },
)

async function signalAndWait({ child }: BusProcess, signal: NodeJS.Signals) {
  const ended = new Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal }))
  })
  child.kill(signal)
  return ended
}
