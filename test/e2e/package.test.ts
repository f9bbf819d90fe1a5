import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import spawn from 'cross-spawn'
import { describe, expect, it, onTestFinished } from 'vitest'
import { VERSION } from '../../src/config.ts'
import { createTempFolder } from '../support/bus.ts'
import { cleanEnvironment, collect, type Run } from '../support/process.ts'
import { connectAsWritten } from '../support/written-server.ts'

const root = join(import.meta.dirname, '../..')
/** A fifth of it is the library that sends traces, which only a bus that sends any loads. */
const MAX_PACKAGE_BYTES = 1_100_000

type Environment = Readonly<Record<string, string>>

async function run(command: string, args: readonly string[], cwd: string, env: Environment = {}): Promise<Run> {
  const child = spawn(command, [...args], { cwd, env: cleanEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] })
  const stdout = child.stdout ? collect(child.stdout) : () => ''
  const stderr = child.stderr ? collect(child.stderr) : () => ''
  const [exitCode] = await once(child, 'close')
  return { exitCode, stdout: stdout(), stderr: stderr() }
}

/** Runs npm or npx quietly. What npx installs for once goes into a folder of the test, what is downloaded is shared. */
async function npm(command: 'npm' | 'npx', args: readonly string[], cwd: string): Promise<string> {
  const shared = (await run('npm', ['config', 'get', 'cache'], root)).stdout.trim()
  mkdirSync(join(shared, '_cacache'), { recursive: true })
  const cache = createTempFolder()
  symlinkSync(join(shared, '_cacache'), join(cache, '_cacache'), 'junction')
  const quiet = { npm_config_cache: cache, npm_config_loglevel: 'error', npm_config_update_notifier: 'false' }
  const { exitCode, stdout, stderr } = await run(command, args, cwd, { ...quiet, npm_config_prefer_offline: 'true' })
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' })
  return stdout
}

interface Packed {
  readonly file: string
  readonly size: number
  readonly paths: readonly string[]
}

async function pack(): Promise<Packed> {
  const folder = createTempFolder()
  const output = await npm('npm', ['pack', '--json', '--pack-destination', folder], root)
  // The build speaks before.
  const listed: unknown = JSON.parse(output.slice(output.search(/^[[{]/m)))
  const [tarball] = Object.values(Object(listed)).map((one) => Object(one))
  const [file = ''] = readdirSync(folder)
  return {
    file: join(folder, file),
    size: tarball.size,
    paths: Array.from(tarball.files, (one) => String(Object(one).path)),
  }
}

const toMain = (folder: string) => join(folder, 'node_modules', 'bus-mcp', 'dist', 'main.js')

/** Starts the installed bus; it ends after the test, which a bus that is started by a batch file of Windows would not. */
async function serve(folder: string): Promise<string> {
  const args = [toMain(folder), 'serve', '--port', '0', '--database-url', `sqlite:${join(folder, 'bus.db')}`]
  const child: ChildProcess = spawn(process.execPath, args, { cwd: folder, env: cleanEnvironment() })
  const closed = once(child, 'close')
  onTestFinished(async () => {
    child.kill()
    await closed
  })
  const stdout = child.stdout ? collect(child.stdout) : () => ''
  const stderr = child.stderr ? collect(child.stderr) : () => ''
  while (child.stdout && !stdout().includes('Ctrl-C')) {
    await Promise.race([
      once(child.stdout, 'data'),
      closed.then(() => Promise.reject(new Error(`the bus ended: ${stdout()} ${stderr()}`))),
    ])
  }
  return `${/listening on (\S+)/.exec(stdout())?.[1]}/api/bus`
}

describe('the package', () => {
  it('holds the program, the pages and nothing that only we need, runs by npx, and plays when it is installed', async () => {
    const { file, size, paths } = await pack()
    expect(size).toBeLessThan(MAX_PACKAGE_BYTES)
    const folders = new Set(paths.map((path) => path.split('/')[0]))
    expect([...folders].sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'dist',
      'docs',
      'package.json',
    ])
    expect(paths).toContain('dist/THIRD-PARTY-NOTICES.txt')

    const elsewhere = createTempFolder()
    expect(await npm('npx', ['-y', `--package=${file}`, 'bus-mcp', '--version'], elsewhere)).toBe(`${VERSION}\n`)
    const advice = await npm('npx', ['-y', `--package=${file}`, 'bus-mcp', 'connect', 'claude'], elsewhere)
    expect(advice).toContain('The program is in the cache of npm, which may be emptied: "npm i -g bus-mcp"')
    expect(readdirSync(elsewhere)).toEqual([])

    const folder = realpathSync(createTempFolder())
    // Else npm would install into a folder above that has one.
    writeFileSync(join(folder, 'package.json'), '{}')
    await npm('npm', ['install', '--no-audit', '--no-fund', file], folder)
    const bin = join(folder, 'node_modules', '.bin', process.platform === 'win32' ? 'bus-mcp.cmd' : 'bus-mcp')
    const apiUrl = await serve(folder)
    await playTwoAgents(bin, folder, apiUrl)

    const script = 'import { createBusClient } from "bus-mcp/client"; console.log(typeof createBusClient)'
    expect((await run(process.execPath, ['--input-type=module', '-e', script], folder)).stdout).toBe('function\n')
  }, 120_000)
})

/** The story of two agents whose client was configured by the installed program. */
async function playTwoAgents(bin: string, folder: string, apiUrl: string): Promise<void> {
  const connected = await run(bin, ['connect', 'claude', '--write', '--base-url', apiUrl], folder)
  expect(connected).toMatchObject({ exitCode: 0, stderr: '' })
  const path = join(folder, '.mcp.json')
  expect(JSON.parse(readFileSync(path, 'utf8')).mcpServers.bus).toMatchObject({
    command: 'node',
    args: [toMain(folder)],
  })

  const ada = await connectAsWritten('claude', path)
  const ben = await connectAsWritten('claude', path)
  const claimed = await ada.call('claim_lane', { lane: 'feeds' })
  expect(claimed.fields).toMatchObject({ decision: 'claim', lane: { fence: 1 } })
  const { owner } = Object(claimed.fields.lane)
  expect(owner).toMatch(/^session:/)

  const refused = await ben.call('claim_lane', { lane: 'feeds' })
  expect(refused.error).toMatchObject({ status_code: 409, code: 'lane_held', lane: { owner } })
  expect(refused.error.message).toContain(`held by '${owner}'`)

  await ben.call('post_message', { topic: 'feeds', body: 'how long?', recipient: owner })
  const { messages } = (await ada.call('read_messages', { topic: 'feeds' })).fields
  expect(messages).toMatchObject([{ body: 'how long?', recipient: owner }])
  expect((await ada.call('release_lane', { lane: 'feeds' })).isError).toBe(false)
  expect((await ben.call('claim_lane', { lane: 'feeds' })).fields).toMatchObject({ lane: { fence: 2 } })
}
