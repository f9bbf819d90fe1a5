import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createBusClient } from '../../src/client/index.ts'
import { loadDriver } from '../../src/store/sqlite/driver.ts'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { findFreePort } from '../support/free-port.ts'
import { cleanEnvironment, MAIN } from '../support/process.ts'
import { countAcknowledged, createLedger, startLoad } from './crash-load.ts'

const isWindows = process.platform === 'win32'
const whyNot = isWindows ? ' (skipped: Windows has no named pipes of this kind)' : ''

/** So many lines are more than a pipe holds, 64 KiB on Linux. */
const LINES = 300

/** A database with a message that no contract knows: each request for it is a fault that the bus logs. */
async function createFaultyDatabase(): Promise<string> {
  const path = join(createTempFolder(), 'bus.db')
  const bus = await startTestBus({ databasePlace: path })
  await bus.client.messages.post({ topic: 'faulty', sender: 'before', body: 'faulty' })
  await bus.close()
  const connection = (await loadDriver()).open(path)
  connection.exec(`update messages set ts = 'never'`)
  connection.close()
  return path
}

interface PipedBus {
  readonly apiUrl: string
  readonly hasEnded: () => boolean
}

/**
 * Starts a bus one of whose streams goes into a pipe that nobody reads, or that nobody can read any more.
 *
 * @param reader `dead` from before the first byte on.
 */
async function startPiped(stream: 'stdout' | 'stderr', reader: 'idle' | 'dead', database: string): Promise<PipedBus> {
  const pipe = join(createTempFolder(), 'pipe')
  execFileSync('mkfifo', [pipe])
  const descriptor = openSync(pipe, 'r+')
  const port = await findFreePort()
  // Opens the pipe, and becomes the bus when it is told that its reader is as it should be.
  const script = `exec ${stream === 'stdout' ? '1' : '2'}>"$0"; echo opened >&3; read go; exec "$@" </dev/null`
  const command = [process.execPath, MAIN, 'serve', '--port', String(port), '--database-url', `sqlite:${database}`]
  const child = spawn('sh', ['-c', script, pipe, ...command], {
    env: cleanEnvironment(),
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
  })
  onTestFinished(async () => {
    const closed = once(child, 'close')
    if (child.kill('SIGKILL')) await closed
    if (reader === 'idle') closeSync(descriptor)
  })
  const opened = child.stdio[3]
  if (opened) await once(opened, 'data')
  if (reader === 'dead') closeSync(descriptor)
  child.stdin?.end('go\n')
  const origin = `http://127.0.0.1:${port}`
  const isThere = () =>
    fetch(`${origin}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    )
  while (!(await isThere())) {
    if (child.exitCode !== null) throw new Error(`the bus ended with ${child.exitCode}`)
    await sleep(50)
  }
  return { apiUrl: `${origin}/api/bus`, hasEnded: () => child.exitCode !== null || child.signalCode !== null }
}

async function logMuch({ apiUrl }: PipedBus): Promise<void> {
  for (let line = 0; line < LINES; line += 1) {
    const answer = await fetch(`${apiUrl}/messages/1`)
    expect(answer.status).toBe(500)
    await answer.text()
  }
}

/** Writes go on, and what is acknowledged is there. */
async function countService({ apiUrl }: PipedBus): Promise<number> {
  const ledger = createLedger()
  const client = createBusClient({ baseUrl: apiUrl })
  const load = startLoad({ apiUrl, ledger, label: 'load' })
  await load.progress(100)
  load.stop()
  await load.ended
  for (const { id, body } of ledger.messages) expect((await client.messages.get({ id })).body).toBe(body)
  return countAcknowledged(ledger)
}

describe.skipIf(isWindows)(`a bus whose output nobody takes${whyNot}`, () => {
  it.each([
    ['stderr', 'idle', 'who reads its log does not read on'],
    ['stderr', 'dead', 'who read its log has died'],
    ['stdout', 'dead', 'who was to read its greeting has died'],
  ] as const)(
    'serves on, when the reader of %s is %s: %s',
    async (stream, reader, _) => {
      const bus = await startPiped(stream, reader, await createFaultyDatabase())
      await logMuch(bus)
      const acknowledged = await countService(bus)
      console.log(`${stream}, reader ${reader}: ${LINES} lines, then ${acknowledged} acknowledged writes`)
      expect(bus.hasEnded()).toBe(false)
    },
    60_000,
  )
})
