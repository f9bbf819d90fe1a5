import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openLogStream } from './log-stream.ts'

const LINES = 5_000
const LINE = 'x'.repeat(999)

/** A process that says much more than a pipe holds to an output that nobody reads, and then that it goes on. */
const prepare = `
  import { openLogStream } from '${new URL('./log-stream.ts', import.meta.url)}'
  import { createLineWriter } from '${new URL('./line-writer.ts', import.meta.url)}'
  // As Node does by itself on Windows.
  process.stderr._handle.setBlocking(true)
  const stream = openLogStream(process.stderr, 2, 'win32')
  const write = createLineWriter(stream)`
const chatter = `${prepare}
  for (let line = 0; line < ${LINES}; line++) write('${LINE}')
  const untilRead = setInterval(() => {
    if (stream.writableLength > 0) return
    clearInterval(untilRead)
    write('afterwards')
  }, 20)
  console.log('it goes on')`

function start(script: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return child
}

describe('a log on a pipe of Windows', () => {
  it('stops nobody while it is not read, and tells afterwards what it dropped', async () => {
    const child = start(chatter)
    expect(await once(createInterface(child.stdout), 'line')).toEqual(['it goes on'])
    const lines: string[] = []
    await once(
      createInterface(child.stderr).on('line', (line) => lines.push(line)),
      'close',
    )
    const [told = '', last] = lines.slice(-2)
    const kept = lines.length - 2
    expect(kept).toBeGreaterThan(1_000)
    expect(JSON.parse(told)).toMatchObject({ event: 'log lines dropped', lines: LINES - kept })
    expect(last).toBe('afterwards')
  }, 30_000)

  it('still has the last lines of a process that ends at once', async () => {
    const child = start(`${prepare}\nwrite('before')\nwrite('the fault')\nprocess.exit(70)`)
    let said = ''
    child.stderr.on('data', (chunk) => {
      said += chunk
    })
    expect(await once(child, 'close')).toEqual([70, null])
    // Two threads may have written them.
    expect(said.trim().split('\n').toSorted()).toEqual(['before', 'the fault'])
  }, 30_000)

  it('goes on for a process whose reader went away', async () => {
    const child = start(`${prepare}
      process.stdin.once('data', () => {
        for (let line = 0; line < 100; line++) write('${LINE}')
        setTimeout(() => { write('more'); console.log('it goes on'); process.stdin.destroy() }, 100)
      })
      console.log('ready')`)
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    expect((await lines.next()).value).toBe('ready')
    child.stderr.destroy()
    child.stdin.write('\n')
    expect((await lines.next()).value).toBe('it goes on')
    expect(await once(child, 'exit')).toEqual([0, null])
  }, 30_000)
})

describe('a log elsewhere', () => {
  it('goes to standard error itself, and so it does when that is no pipe', () => {
    expect(openLogStream(process.stderr, 2, 'linux')).toBe(process.stderr)
    const file = new Writable()
    expect(openLogStream(file, 2, 'win32')).toBe(file)
  })
})
