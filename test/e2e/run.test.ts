import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createBusClient } from '../../src/client/index.ts'
import { parseDuration } from '../../src/surfaces/cli/run.ts'
import { createTempFolder, startTestBus, type TestBus } from '../support/bus.ts'
import { findFreePort } from '../support/free-port.ts'
import { cleanEnvironment, collect, MAIN, runMain, startBusProcess } from '../support/process.ts'

const lane = 'deploy'
const sleep = 'setTimeout(() => {}, 60_000)'

/** `bus-mcp run` of a script for Node, to its end. */
function run({ apiUrl }: { apiUrl: string }, flags: readonly string[], script: string) {
  return runMain(['run', '--lane', lane, ...flags, '--', process.execPath, '-e', script], { BUS_MCP_BASE_URL: apiUrl })
}

/** The same in the background. */
function startRun({ apiUrl }: { apiUrl: string }, flags: readonly string[], script: string) {
  const args = [MAIN, 'run', '--lane', lane, ...flags, '--', process.execPath, '-e', script]
  const child: ChildProcess = spawn(process.execPath, args, { env: cleanEnvironment({ BUS_MCP_BASE_URL: apiUrl }) })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const stderr = child.stderr ? collect(child.stderr) : () => ''
  const ended = once(child, 'close').then(([code]) => code)
  return { child, stderr, ended }
}

async function untilState({ client }: Pick<TestBus, 'client'>, state: string) {
  const { lanes } = await client.lanes.list({})
  if (lanes[0]?.state === state) return
  await new Promise((resolve) => setTimeout(resolve, 20))
  await untilState({ client }, state)
}

describe('bus-mcp run', () => {
  it('holds the lane while the command runs, hands it lane and fence, and ends with its status', async () => {
    const bus = await startTestBus()
    await bus.client.lanes.claim({ lane, owner: 'before' })
    await bus.client.lanes.release({ lane, owner: 'before' })
    const script = `fetch('${bus.apiUrl}/lanes/${lane}').then((r) => r.json()).then(({ lane }) => {
      console.log(process.env.BUS_LANE, process.env.BUS_FENCE, lane.state, lane.fence); process.exitCode = 7 })`
    const { exitCode, stdout } = await run(bus, [], script)
    expect({ exitCode, stdout }).toEqual({ exitCode: 7, stdout: 'deploy 2 held 2\n' })
    expect((await bus.client.lanes.get({ lane })).lane).toMatchObject({ state: 'free', last_end: 'released' })
  })

  it('runs the command also where the shell took the -- that was typed before it', async () => {
    const bus = await startTestBus()
    const args = ['run', '--lane', lane, process.execPath, '-p', '"ran " + process.argv[1]', '--', '--wait']
    const { exitCode, stdout } = await runMain(args, { BUS_MCP_BASE_URL: bus.apiUrl })
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'ran --wait\n' })
  })

  it('ends with 75 and runs nothing when somebody else holds the lane', async () => {
    const bus = await startTestBus()
    await bus.client.lanes.claim({ lane, owner: 'other' })
    const { exitCode, stdout, stderr } = await run(bus, [], 'console.log("ran")')
    expect({ exitCode, stdout }).toEqual({ exitCode: 75, stdout: '' })
    expect(stderr).toMatch(/^bus-mcp run: lane 'deploy' held by 'other' /)
  })

  it('waits on for the lane when the bus is killed and begun anew, and when it is stopped', async () => {
    const args = [
      '--port',
      String(await findFreePort()),
      '--database-url',
      `sqlite:${join(createTempFolder(), 'bus.db')}`,
    ]
    const start = async () => {
      const bus = await startBusProcess(args)
      return { ...bus, client: createBusClient({ baseUrl: bus.apiUrl }) }
    }
    const first = await start()
    await first.client.lanes.claim({ lane, owner: 'other' })
    const waiting = run(first, ['--wait', '50s'], 'console.log(process.env.BUS_FENCE)')
    const untilWaited = async ({ client }: typeof first) =>
      expect.poll(async () => (await client.lanes.get({ lane })).lane.waiters, { timeout: 20_000 }).toBe(1)
    await untilWaited(first)
    // Sooner it could be any address at which something breaks off.
    await new Promise((done) => setTimeout(done, 1_000))
    await first.kill()
    const second = await start()
    await untilWaited(second)
    await second.stop()
    const third = await start()
    await untilWaited(third)
    await third.client.lanes.release({ lane, owner: 'other' })
    expect(await waiting).toEqual({ exitCode: 0, stdout: '2\n', stderr: '' })
  }, 60_000)

  it('waits for the lane, and takes two runs of one person for two holders', async () => {
    const bus = await startTestBus()
    // Windows knows no signal that a process could see: there the lane is free when its lease ends.
    const first = startRun(bus, process.platform === 'win32' ? ['--lease', '3s'] : [], sleep)
    await untilState(bus, 'held')
    const second = run(bus, ['--wait', '50s'], 'console.log(process.env.BUS_FENCE)')
    while ((await bus.client.lanes.get({ lane })).lane.waiters === 0) await new Promise((done) => setTimeout(done, 10))
    first.child.kill('SIGTERM')
    expect(await second).toMatchObject({ exitCode: 0, stdout: '2\n' })
  })

  it('keeps the lease alive for longer than it is', async () => {
    const bus = await startTestBus()
    const { exitCode } = await run(bus, ['--lease', '3s'], 'setTimeout(() => {}, 4_000)')
    expect(exitCode).toBe(0)
    const { events } = await bus.client.lanes.history({ lane })
    expect(new Set(events.map(({ fence }) => fence))).toEqual(new Set([1]))
    const [last, ...beats] = events.map(({ event }) => event)
    expect([last, beats.pop()]).toEqual(['release', 'claim'])
    // Every second for four; a busy machine may have it start late.
    expect(beats.length).toBeGreaterThanOrEqual(3)
    expect(new Set(beats)).toEqual(new Set(['heartbeat']))
  })

  it.skipIf(process.platform === 'win32')(
    'passes a signal on, releases the lane and ends as the command did',
    async () => {
      const bus = await startTestBus()
      const { child, ended } = startRun(bus, [], sleep)
      await untilState(bus, 'held')
      child.kill('SIGTERM')
      expect(await ended).toBe(128 + 15)
      expect((await bus.client.lanes.get({ lane })).lane.state).toBe('free')
    },
  )

  it('ends the command when the lane cannot surely be its own any more', async () => {
    const bus = await startBusProcess(['--port', '0', '--database-url', 'sqlite::memory:'])
    const { stderr, ended } = startRun(bus, ['--lease', '3s'], sleep)
    const answered = async () => (await fetch(`${bus.apiUrl}/lanes/${lane}`)).status
    while ((await answered()) === 404) await new Promise((resolve) => setTimeout(resolve, 20))
    await bus.kill()
    expect(await ended).not.toBe(0)
    expect(stderr()).toContain("bus-mcp run: lane 'deploy' is lost: no bus at")
  })

  it.each([
    ['no lane', ['run', '--', 'true'], '--lane is required'],
    ['no command', ['run', '--lane', 'a'], 'name a command after " -- "'],
    ['a time that is none', ['run', '--lane', 'a', '--wait', 'soon', '--', 'true'], '"soon" is no time'],
    ['a lease that cannot be renewed in time', ['run', '--lane', 'a', '--lease', '1s', '--', 'true'], 'at least 3s'],
    ['another end', ['run', '--lane', 'a', '--on-lost', 'cry', '--', 'true'], '--on-lost must be kill or warn'],
  ])('ends with 2 and says what is missing: %s', async (_, args, said) => {
    const { apiUrl } = await startTestBus()
    const { exitCode, stderr } = await runMain(args, { BUS_MCP_BASE_URL: apiUrl })
    expect(exitCode).toBe(2)
    expect(stderr).toContain(said)
  })

  it('says so, and releases the lane, when the command cannot be run', async () => {
    const bus = await startTestBus()
    const { exitCode, stderr } = await runMain(['run', '--lane', lane, '--', 'no-such-command-here'], {
      BUS_MCP_BASE_URL: bus.apiUrl,
    })
    expect(exitCode).toBe(2)
    expect(stderr).toContain('cannot run no-such-command-here')
    expect((await bus.client.lanes.get({ lane })).lane.state).toBe('free')
  })
})

describe('parseDuration', () => {
  it('reads seconds, minutes and hours', () => {
    expect(['90', '90s', '1.5m', '2h'].map(parseDuration)).toEqual([90, 90, 90, 7200])
  })
})
