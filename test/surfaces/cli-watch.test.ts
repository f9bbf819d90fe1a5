import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createBusClient } from '../../src/client/index.ts'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { cleanEnvironment, collect, MAIN, runMain, startBusProcess } from '../support/process.ts'

const hello = { topic: 'converge', sender: 'ann', body: 'two\nlines' }

/** Watches in a process of its own. */
function watch(apiUrl: string, args: readonly string[] = []) {
  const child = spawn(process.execPath, [MAIN, 'watch', ...args, '--base-url', apiUrl], { env: cleanEnvironment() })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const until = async (stream: NodeJS.ReadableStream, text: () => string, part: string) => {
    while (!text().includes(part)) await once(stream, 'data')
  }
  return {
    child,
    stdout,
    stderr,
    shows: (part: string) => until(child.stdout, stdout, part),
    says: (part: string) => until(child.stderr, stderr, part),
  }
}

describe('bus-mcp watch', () => {
  it('prints each event as a line: when, where, and who did what', async () => {
    const { apiUrl, client } = await startTestBus()
    await client.messages.post(hello)
    await client.messages.post({ ...hello, recipient: 'bob', action_flag: true })
    await client.messages.ack({ id: 2, sender: 'bob' })
    await client.lanes.claim({ lane: 'feeds', owner: 'ann', lease_s: 60 })
    await client.lanes.release({ lane: 'feeds', owner: 'ann' })
    const { shows, stdout } = watch(apiUrl, ['--since-id', '0'])
    await shows('released it')
    const lines = stdout().trimEnd().split('\n')
    for (const line of lines) expect(line).toMatch(/^\d\d:\d\d:\d\d {2}/)
    expect(lines.map((line) => line.slice(10))).toEqual([
      'converge  #1 ann: two ⏎ lines',
      'converge  #2 ann -> bob [action]: two ⏎ lines',
      'converge  bob acknowledged #2',
      'feeds  ann claimed it for 60 s (fence 1)',
      'feeds  ann released it (fence 1)',
    ])
  })

  it('prints each as one line of JSON with --json, and keeps to the filter', async () => {
    const { apiUrl, client } = await startTestBus()
    await client.lanes.claim({ lane: 'feeds', owner: 'ann' })
    await client.messages.post({ ...hello, topic: 'other' })
    await client.messages.post(hello)
    const { shows, stdout } = watch(apiUrl, ['--since-id', '0', '--json', '--kind', 'message', '--topic', 'converge'])
    await shows('\n')
    const { events } = await client.events.read({ since_id: 2 })
    expect(
      stdout()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(events)
  })

  it('waits for a bus that goes away, and then misses nothing', async () => {
    const args = ['--database-url', `sqlite:${createTempFolder()}/bus.db`]
    const before = await startBusProcess([...args, '--port', '0'])
    const { shows, says, stdout } = watch(before.apiUrl, ['--since-id', '0'])
    await createBusClient({ baseUrl: before.apiUrl }).messages.post(hello)
    await shows('#1')
    await before.kill()
    await says('; waiting for it')
    const after = await startBusProcess([...args, '--port', new URL(before.origin).port])
    await createBusClient({ baseUrl: after.apiUrl }).messages.post(hello)
    await says('the bus is back')
    await shows('#2')
    expect(stdout().match(/#\d/g)).toEqual(['#1', '#2'])
  })

  it('shows what it would do to a terminal as plain text', async () => {
    const { apiUrl, client } = await startTestBus()
    await client.messages.post({ ...hello, body: 'left \u202eright' })
    const { shows, stdout } = watch(apiUrl, ['--since-id', '0'])
    await shows('#1')
    expect(stdout()).toContain('left right')
  })

  it.each([
    [['--kind', 'lanes'], '--kind must be message, ack, lane'],
    [['--since-id', 'x'], '--since-id must be an integer'],
    [['--colour', 'red'], "Unknown option '--colour'"],
  ])('refuses %j as typed wrongly', async (args, text) => {
    const { exitCode, stderr } = await runMain(['watch', ...args])
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(text) })
  })

  it('says that there is no bus', async () => {
    const { exitCode, stderr } = await runMain(['watch', '--base-url', 'http://127.0.0.1:1/api/bus'])
    expect({ exitCode, stderr }).toEqual({ exitCode: 69, stderr: expect.stringContaining('connection refused') })
  })
})
