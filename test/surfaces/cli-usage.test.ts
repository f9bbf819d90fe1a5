import { describe, expect, it } from 'vitest'
import { VERSION } from '../../src/config.ts'
import { operations } from '../../src/product.ts'
import { exitCodes } from '../../src/surfaces/cli/exit-code.ts'
import { startTestBus } from '../support/bus.ts'
import { runMain } from '../support/process.ts'

// Nothing here may need a bus, so where one would be asked nobody listens.
const env = { BUS_MCP_BASE_URL: 'http://127.0.0.1:1/api/bus' }

describe('bus-mcp tools', () => {
  it('prints exactly the six names of the first bus-mcp, in its order', async () => {
    expect(await runMain(['tools'], env)).toEqual({
      exitCode: 0,
      stdout: 'post_message\nread_messages\nclaim_lane\nrelease_lane\nheartbeat_lane\nget_bus_status\n',
      stderr: '',
    })
  })

  it('prints those that the settings choose', async () => {
    const { stdout } = await runMain(['tools', '--toolsets', 'core,flags', '--exclude-tools', 'get_attention'], {
      ...env,
      BUS_MCP_READ_ONLY: '1',
    })
    expect(stdout).toBe('read_messages\nget_bus_status\n')
  })

  it('says which name is of no tool or toolset', async () => {
    expect(await runMain(['tools', '--toolsets', 'flag'], env)).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: 'bus-mcp tools: there is no toolset "flag"; known: all, core, flags, history\n',
    })
  })

  it('tells its flags', async () => {
    const { exitCode, stdout } = await runMain(['tools', '--help'], env)
    expect(exitCode).toBe(0)
    for (const flag of ['--read-only', '--toolsets', '--tools', '--exclude-tools'])
      expect(stdout).toContain(`  ${flag},`)
    expect(await runMain(['help', 'tools'], env)).toEqual({ exitCode, stdout, stderr: '' })
  })
})

describe('bus-mcp version', () => {
  it.each(['version', '--version', '-v'])('is printed by %s', async (word) => {
    expect(await runMain([word], env)).toEqual({ exitCode: 0, stdout: `${VERSION}\n`, stderr: '' })
  })
})

describe('bus-mcp help', () => {
  it.each(['help', '--help', '-h'])('is printed by %s: every command and every exit status', async (word) => {
    const { exitCode, stdout, stderr } = await runMain([word], env)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const commands = operations.flatMap(({ command }) => (command ? [command.name] : []))
    // A list of lanes is for programs; a person claims one after another. Events are followed by watch.
    const without = operations.filter(({ command }) => !command).map(({ id }) => id)
    expect(without).toEqual(['lanes.claimAll', 'events.read'])
    for (const name of [...commands, 'serve', 'run', 'watch', 'top', 'doctor', 'tools', 'version', 'help']) {
      expect(stdout).toMatch(new RegExp(`^  bus-mcp ${name}( .*)?  \\S`, 'm'))
    }
    for (const code of Object.keys(exitCodes)) expect(stdout).toMatch(new RegExp(`^ +${code}  \\S`, 'm'))
    expect(stdout).toContain('read [TOPIC]')
  })

  it('tells of one command what it does, how it is typed and each of its flags', async () => {
    const { exitCode, stdout, stderr } = await runMain(['claim', '--help'], env)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toMatch(/^Claim a lane/)
    expect(stdout).toContain('  bus-mcp claim LANE [--owner TEXT] [--lease-s NUMBER]')
    for (const flag of ['--owner', '--lease-s', '--session', '--note']) {
      expect(stdout).toMatch(new RegExp(`^  ${flag} +\\S`, 'm'))
    }
    expect(stdout).toContain('--base-url')
    expect(await runMain(['help', 'claim'], env)).toEqual({ exitCode, stdout, stderr })
    expect(await runMain(['claim', 'a', 'b', '-h'], env)).toMatchObject({ exitCode: 2 })
  })

  it.each([
    ['serve', ['--port, BUS_PORT', '--database-url, BUS_DATABASE_URL', '  BUS_WRITE_SECRET']],
    ['doctor', ['--base-url, BUS_MCP_BASE_URL', '--timeout-s, BUS_MCP_TIMEOUT_S', '  BUS_WRITE_SECRET']],
  ])('tells of %s each setting, and starts nothing', async (command, settings) => {
    const { exitCode, stdout, stderr } = await runMain([command, '--help'], env)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    for (const setting of settings) expect(stdout).toContain(setting)
    expect(stdout).not.toContain('listening')
  })
})

describe('a command that was typed wrongly', () => {
  const usage = /\nusage: bus-mcp claim LANE \[--owner TEXT\]/
  it.each([
    ['nothing to claim', ['claim'], 'bus-mcp claim: LANE is required'],
    ['too much', ['claim', 'a', 'b', 'c'], 'bus-mcp claim: too many arguments: b c'],
    ['a flag that is unknown', ['claim', 'a', '--lease', '5'], "Unknown option '--lease'; known: --owner, --lease-s,"],
    [
      'a flag with an underscore',
      ['claim', 'a', '--lease_s', '5'],
      "Unknown option '--lease_s'; known: --owner, --lease-s,",
    ],
    ['a flag without its value', ['claim', 'a', '--owner'], "Option '--owner <value>' argument missing"],
    ['a number that is none', ['claim', 'a', '--lease-s', 'soon'], '--lease-s must be a positive number of seconds'],
    ['a number that looks like a flag', ['claim', 'a', '--lease-s', '-5'], "dash use '--lease-s=-XYZ'"],
    ['a lease of zero', ['claim', 'a', '--lease-s', '0'], '--lease-s must be a positive number of seconds'],
    ['a lane name with a space', ['claim', 'my lane'], 'LANE must be 1 to 128 of A-Z'],
    ['an empty lane name', ['claim', ''], 'LANE must be 1 to 128 of A-Z'],
    ['an owner of two lines', ['claim', 'a', '--owner', 'x\ny'], '--owner must be one line without control characters'],
    ['a secret on the command line', ['claim', 'a', '--write-secret', 's'], "Unknown option '--write-secret'"],
  ])('ends with 2, says what is wrong and how it is typed: %s', async (_, args, said) => {
    const { exitCode, stdout, stderr } = await runMain(args, env)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain(said)
    expect(stderr).toMatch(usage)
    expect(stderr.trimEnd().split('\n')).toHaveLength(2)
  })

  it('says which command is near to one that there is not', async () => {
    const { exitCode, stderr } = await runMain(['claimm'], env)
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: 'bus-mcp: no command claimm -- is claim meant? "bus-mcp help" lists them\n',
    })
  })

  it.each(['CLAIM', 'constructor', '__proto__', '-x', ''])('ends with 2 when there is no command %j', async (word) => {
    expect(await runMain([word], env)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `bus-mcp: no command ${word} -- "bus-mcp help" lists them\n`,
    })
  })

  it.each([
    [
      ['--nope'],
      ['--base-url', '--timeout-s', '--agent-id', '--read-only', '--toolsets', '--tools', '--exclude-tools'],
    ],
    [
      ['doctor', '--nope'],
      ['--base-url', '--timeout-s', '--agent-id'],
    ],
    [
      ['serve', '--nope'],
      [
        '--host',
        '--listen',
        '--port',
        '--database-url',
        '--allow-unsafe-durability',
        '--max-lease-seconds',
        '--retain-days',
        '--retain-messages',
        '--allowed-hosts',
        '--log-level',
        '--demo',
      ],
    ],
  ])('says which flags are known after %j', async (args, known) => {
    expect(await runMain(args, env)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `bus-mcp: Unknown option '--nope'; known: ${known.join(', ')}\n`,
    })
  })

  it('takes a text that begins with a dash after --', async () => {
    const bus = await startTestBus()
    const done = await runMain(['post', 'converge', '--json', '--', '--not-a-flag'], { BUS_MCP_BASE_URL: bus.apiUrl })
    expect(JSON.parse(done.stdout)).toMatchObject({ body: '--not-a-flag' })
  })

  it('is refused when a flag of the connection cannot be used, and does nothing', async () => {
    const bus = await startTestBus()
    const run = await runMain(['claim', 'feeds', '--timeout-s', 'abc'], { BUS_MCP_BASE_URL: bus.apiUrl })
    expect(run).toMatchObject({
      exitCode: 2,
      stderr: 'bus-mcp claim: --timeout-s must be a positive number of seconds\n',
    })
    expect((await bus.client.lanes.list({})).lanes).toEqual([])
  })

  it('uses the standard time limit, and says so, when the variable cannot be used', async () => {
    const bus = await startTestBus()
    const run = await runMain(['status'], { BUS_MCP_BASE_URL: bus.apiUrl, BUS_MCP_TIMEOUT_S: 'abc' })
    expect(run).toMatchObject({
      exitCode: 0,
      stderr: 'bus-mcp: BUS_MCP_TIMEOUT_S must be a positive number of seconds; using 10.0\n',
    })
  })
})
