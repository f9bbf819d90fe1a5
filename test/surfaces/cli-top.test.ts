import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createBusClient } from '../../src/client/index.ts'
import { top } from '../../src/surfaces/cli/top.ts'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { answerWith, startFakeServer } from '../support/fake-server.ts'
import { startOldBus } from '../support/old-bus.ts'
import { collect, runMain, startBusProcess } from '../support/process.ts'

const ENTER = '\u001b[?1049h'
const LEAVE = '\u001b[?1049l'

/** A terminal that somebody looks at: two streams, as Node's own are. */
function openTerminal(options: { readonly mayColour?: boolean } = {}) {
  const modes: boolean[] = []
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (isRaw: boolean) => modes.push(isRaw) })
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 90, rows: 20 })
  const written = collect(output)
  return {
    input,
    output,
    modes,
    written,
    isCapable: true,
    mayColour: options.mayColour ?? true,
    /** What stands there now. */
    screen: () => stripVTControlCharacters(written().split('\u001b[H').at(-1) ?? ''),
    press: (key: string) => input.write(key),
    resize: (columns: number, rows: number) => {
      Object.assign(output, { columns, rows })
      output.emit('resize')
    },
  }
}

/** Runs it against a bus until the test is over. */
function show(baseUrl: string, terminal = openTerminal(), everyMs = 50) {
  const ending = new AbortController()
  const { input, output, isCapable, mayColour } = terminal
  const client = createBusClient({ baseUrl })
  const shown = { client, baseUrl, everyMs, isOnce: false, input, output, isCapable, mayColour, signal: ending.signal }
  const ended = top(shown)
  onTestFinished(async () => {
    ending.abort()
    await ended
  })
  return { ...terminal, ended, end: () => ending.abort() }
}

describe('bus-mcp top at a terminal', () => {
  it('takes the whole screen, shows what changes, and gives the screen back at q', async () => {
    const { apiUrl, client } = await startTestBus()
    const { screen, written, press, ended, modes } = show(apiUrl)
    await expect.poll(screen).toContain('nobody holds one')
    await client.lanes.claim({ lane: 'feeds', owner: 'planner', note: 'moving the parser' })
    await client.messages.post({ topic: 'converge', sender: 'planner', body: 'Approve it?', action_flag: true })
    await expect.poll(screen).toMatch(/feeds {2}planner .* moving the parser/)
    await expect.poll(screen).toMatch(/flag +\ds {2}#1 planner: Approve it\?/)
    expect(screen()).toMatch(/^\S* ?bus-mcp .*\r\n1 active {3}0 orphaned {3}0 waiting {3}1 needs you/)
    press('x')
    press('q')
    await ended
    expect(written().startsWith(ENTER)).toBe(true)
    expect(written().endsWith(LEAVE)).toBe(true)
    expect(modes).toEqual([true, false])
  })

  it.each([
    ['Ctrl-C', '\u0003'],
    ['Q', 'Q'],
  ])('ends at %s', async (_, key) => {
    const { apiUrl } = await startTestBus()
    const { screen, written, press, ended } = show(apiUrl)
    await expect.poll(screen).toContain('NEEDS YOU')
    press(key)
    await ended
    expect(written().endsWith(LEAVE)).toBe(true)
  })

  it('gives the screen back when it is told to end from outside', async () => {
    const { apiUrl } = await startTestBus()
    const { screen, written, end, ended } = show(apiUrl)
    await expect.poll(screen).toContain('NEEDS YOU')
    end()
    await ended
    expect(written().endsWith(LEAVE)).toBe(true)
  })

  it('says how old its data is while the bus is away, and goes on when it is back', async () => {
    const args = ['--database-url', `sqlite:${createTempFolder()}/bus.db`, '--port']
    const before = await startBusProcess([...args, '0'])
    const { screen } = show(before.apiUrl)
    await createBusClient({ baseUrl: before.apiUrl }).lanes.claim({ lane: 'feeds', owner: 'planner' })
    await expect.poll(screen).toContain('feeds')
    await before.kill()
    await expect.poll(screen).toMatch(/disconnected, showing data \d+ s old: connection refused {2}http:/)
    expect(screen()).toContain('feeds')
    await startBusProcess([...args, new URL(before.origin).port])
    await expect.poll(screen, { timeout: 5_000 }).not.toContain('disconnected')
    expect(screen()).toContain('feeds')
  })

  it('says that it waits for a bus that takes its time', async () => {
    let asked = 0
    const status = JSON.stringify({ active_lanes: [], items: [], messages: [] })
    const { baseUrl } = await startFakeServer((request, response) => {
      asked += 1
      // The first frame needs three answers; after that there are none.
      if (asked <= 3) answerWith(200, status)(request, response)
    })
    const { screen } = show(baseUrl)
    await expect.poll(screen).toContain('nobody holds one')
    await expect.poll(screen, { timeout: 8_000 }).toMatch(/showing data [3-5] s old: no answer yet/)
  })

  it('fits the terminal, also when that changes', async () => {
    const { apiUrl, client } = await startTestBus()
    for (let index = 0; index < 30; index += 1) {
      await client.lanes.claim({ lane: `lane-${index}`, owner: 'planner', note: 'n'.repeat(200) })
    }
    const { screen, resize } = show(apiUrl, openTerminal(), 60_000)
    const size = () => {
      const lines = screen().split('\r\n')
      return { lines: lines.length, columns: Math.max(...lines.map(({ length }) => length)) }
    }
    await expect.poll(size).toEqual({ lines: 20, columns: 90 })
    resize(60, 12)
    await expect.poll(size).toEqual({ lines: 12, columns: 60 })
  })

  it('is coloured, but not where NO_COLOR is set', async () => {
    const { apiUrl, client } = await startTestBus()
    await client.messages.post({ topic: 'converge', sender: 'planner', body: 'Approve it?', action_flag: true })
    const coloured = show(apiUrl)
    const plain = show(apiUrl, openTerminal({ mayColour: false }))
    await expect.poll(coloured.screen).toContain('Approve')
    await expect.poll(plain.screen).toContain('Approve')
    expect(coloured.written()).toContain('\u001b[31m')
    for (const style of ['\u001b[1m', '\u001b[2m', '\u001b[31m']) expect(plain.written()).not.toContain(style)
  })

  it('shows an older bus, as far as that tells', async () => {
    const bus = await startOldBus()
    const client = createBusClient({ baseUrl: bus.apiUrl })
    await client.lanes.claim({ lane: 'feeds', owner: 'planner', lease_s: 300 })
    await client.messages.post({ topic: 'converge', sender: 'planner', body: 'Approve it?', action_flag: true })
    const { screen } = show(bus.apiUrl)
    await expect.poll(screen).toContain('1 active   0 orphaned   - waiting   1 needs you')
    expect(screen()).toMatch(/feeds {2}planner .*[45]:\d\d {2}fence -/)
    expect(screen()).toContain('#1 planner: Approve it?')
  })
})

describe('bus-mcp top', () => {
  it.each([[['--once']], [[]]])('prints one frame and ends with %j where the output is no terminal', async (args) => {
    const { apiUrl, client } = await startTestBus()
    await client.lanes.claim({ lane: 'feeds', owner: 'planner', note: 'moving the parser' })
    const { exitCode, stdout, stderr } = await runMain(['top', ...args, '--base-url', apiUrl])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toMatch(/^bus-mcp {2}\S+ {2}\d\d:\d\d:\d\d\n1 active {3}0 orphaned {3}0 waiting {3}0 need you\n/)
    expect(stdout).toMatch(/^ {2}feeds {2}planner {2}█+░* +[45]:\d\d {2}fence 1 {5}moving the parser$/m)
    expect(stdout).not.toContain('\u001b')
    expect(stdout.endsWith('  none yet\n')).toBe(true)
  })

  it('says that there is no bus', async () => {
    const { exitCode, stdout, stderr } = await runMain(['top', '--base-url', 'http://127.0.0.1:1/api/bus'])
    expect({ exitCode, stdout }).toEqual({ exitCode: 69, stdout: '' })
    expect(stderr).toBe('bus-mcp top: no bus at http://127.0.0.1:1/api/bus: connection refused\n')
  })

  it.each([
    [['--every-s', '0'], '--every-s must be a number of seconds from 0.2 to 3600'],
    [['--every-s', 'often'], '--every-s must be a number of seconds from 0.2 to 3600'],
    [['--every-s', ''], '--every-s must be a number of seconds from 0.2 to 3600'],
    [['--colour', 'red'], "Unknown option '--colour'"],
    [['now'], "Unexpected argument 'now'"],
  ])('refuses %j as typed wrongly', async (args, text) => {
    const { exitCode, stderr } = await runMain(['top', ...args])
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(text) })
  })

  it('tells how it is typed', async () => {
    const { exitCode, stdout } = await runMain(['top', '--help'])
    expect(exitCode).toBe(0)
    for (const part of ['--every-s', '--once', '--base-url', 'NO_COLOR']) expect(stdout).toContain(part)
  })
})
