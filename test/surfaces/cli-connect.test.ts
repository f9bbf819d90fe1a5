import { mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { clients } from '../../src/surfaces/cli/connect/clients.ts'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { answerWith, findClosedUrl, startFakeServer } from '../support/fake-server.ts'
import { startOldBus } from '../support/old-bus.ts'
import { MAIN, runMain } from '../support/process.ts'
import { connectAsWritten } from '../support/written-server.ts'

const SECRET = 'letmein'

/** A home and a project that nothing else is in, and the command run there. */
function createPlace() {
  const home = realpathSync(createTempFolder())
  const folder = join(home, 'project')
  mkdirSync(folder)
  const own = { HOME: home, USERPROFILE: home, CODEX_HOME: undefined, CLAUDE_CONFIG_DIR: undefined }
  const run = (args: readonly string[], env: Record<string, string> = {}) =>
    runMain(['connect', ...args], { ...own, ...env }, '', folder)
  return { home, folder, run }
}

const ways = Object.entries(clients).flatMap(([name, { files }]) =>
  files.flatMap(([scope, toPath]) =>
    [false, true].map((isHttp) => ({ name, scope, toPath, isHttp, way: isHttp ? 'HTTP' : 'stdio' })),
  ),
)

describe('an MCP client that is configured by bus-mcp connect', () => {
  it.each(ways)('works with an armed bus: $name, $scope, $way', async ({ name, scope, toPath, isHttp }) => {
    const bus = await startTestBus({ writeSecret: SECRET })
    const { home, folder, run } = createPlace()
    const flags = ['--write', '--scope', scope, '--agent-id', 'planner', '--base-url', bus.apiUrl]
    const env = { BUS_WRITE_SECRET: SECRET }
    const { exitCode, stdout, stderr } = await run([name, ...flags, ...(isHttp ? ['--http'] : [])], env)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const path = toPath({ home, folder, env: {} })
    expect(stdout).toContain(`added "bus" to ${path}\n`)
    expect(readFileSync(path, 'utf8') + stdout).not.toContain(SECRET)

    const { call } = await connectAsWritten(name, path, env)
    expect((await call('claim_lane', { lane: 'feeds' })).fields).toMatchObject({ ok: true, lane: { owner: 'planner' } })
    const stranger = await connectAsWritten(name, path)
    expect((await stranger.call('release_lane', { lane: 'feeds' })).error).toMatchObject({ status_code: 401 })
  })
})

describe('bus-mcp connect', () => {
  it('prints the file, what belongs into it and the line that does the same, and writes nothing', async () => {
    const { home, folder, run } = createPlace()
    const { exitCode, stdout, stderr } = await run(['claude'])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const main = realpathSync(MAIN)
    expect(stdout).toContain(`Claude Code, in ${join(folder, '.mcp.json')}\n`)
    const [json = ''] = /^\{[\s\S]*?^\}$/m.exec(stdout) ?? []
    expect(JSON.parse(json)).toEqual({ mcpServers: { bus: { type: 'stdio', command: 'node', args: [main] } } })
    expect(stdout).toContain('claude mcp add --scope project --transport stdio bus -- node')
    expect([...readdirSync(folder), ...readdirSync(home)]).toEqual(['project'])
  })

  it('says when no bus is there, when what is there is none, and when it is armed and nobody told us the secret', async () => {
    const { run } = createPlace()
    const tell = async (baseUrl: string) =>
      (await run(['claude', '--base-url', baseUrl])).stdout.trimEnd().split('\n').at(-1)
    const closed = await findClosedUrl()
    expect(await tell(closed)).toMatch(/^No bus answers there now \(http.*bus-mcp serve/)
    const { baseUrl } = await startFakeServer(answerWith(404, 'no', 'text/plain'))
    expect(await tell(baseUrl)).toMatch(/^What answers there is no bus \(http/)
    const armed = await startTestBus({ writeSecret: SECRET })
    expect(await tell(armed.apiUrl)).toBe(
      'The bus there is armed: set BUS_WRITE_SECRET and type this again, so that agents may write.',
    )
    for (const { apiUrl } of [await startTestBus(), await startOldBus()]) {
      expect(await tell(apiUrl)).not.toMatch(/bus (answers )?there/)
    }
  })

  it('changes nothing the second time, and keeps the former file when it changes something', async () => {
    const { folder, run } = createPlace()
    const path = join(folder, '.vscode', 'mcp.json')
    mkdirSync(dirname(path))
    const mine = '{\n\t// mine\n\t"servers": { "other": { "command": "x" } }\n}\n'
    writeFileSync(path, mine)
    expect((await run(['vscode', '--write'])).stdout).toContain(`the former file is ${path}.bak\n`)
    const written = readFileSync(path, 'utf8')
    expect(written).toContain('// mine')
    expect(readFileSync(`${path}.bak`, 'utf8')).toBe(mine)

    expect((await run(['vscode', '--write'])).stdout).toContain('has it already: nothing was changed\n')
    expect(readFileSync(path, 'utf8')).toBe(written)
    expect(readdirSync(dirname(path))).toEqual(['mcp.json', 'mcp.json.bak'])

    const { stdout } = await run(['vscode', '--write', '--http'])
    expect(stdout).toContain(`replaced what "bus" was in ${path}\n`)
    expect(readdirSync(dirname(path))).toHaveLength(3)
  })

  it.each([
    ['claude', '.mcp.json', '{ "mcpServers": { ', '"mcpServers"'],
    ['codex', join('.codex', 'config.toml'), 'model = ', '[mcp_servers.bus]'],
  ])('leaves a file of %s alone that it cannot read, and shows what to paste', async (client, name, text, shown) => {
    const { folder, run } = createPlace()
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    const { exitCode, stdout, stderr } = await run([client, '--write', '--scope', 'project'])
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain(`bus-mcp connect: ${path} is no `)
    expect(stderr).toContain('It is as it was. Put this into it by hand:')
    expect(stderr).toContain(shown)
    expect(readFileSync(path, 'utf8')).toBe(text)
    expect(readdirSync(dirname(path)).filter((entry) => entry !== 'config.toml')).toEqual(
      client === 'claude' ? ['.mcp.json'] : [],
    )
  })

  it('takes the bus of the environment, but not the name of the person', async () => {
    const env = { BUS_MCP_BASE_URL: 'http://10.0.0.7/api/bus', BUS_MCP_AGENT_ID: 'ada' }
    const { stdout } = await createPlace().run(['gemini'], env)
    expect(stdout).toContain('"BUS_MCP_BASE_URL": "http://10.0.0.7/api/bus"')
    expect(stdout).not.toContain('ada')
  })

  it('refuses an address with a password, and does not repeat it', async () => {
    const { exitCode, stdout, stderr } = await createPlace().run(['claude', '--base-url', 'http://ada:pw1@h/api/bus'])
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toBe('bus-mcp connect: the base URL holds a password, which would be written into a file\n')
  })
})
