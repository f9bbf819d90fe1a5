import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createBusClient } from '../../src/client/index.ts'
import { VERSION } from '../../src/config.ts'
import { createTempFolder } from '../support/bus.ts'
import { MAIN, runMain, startBusProcess } from '../support/process.ts'

const HOUR = 3_600_000
const startDemoProcess = (...args: readonly string[]) => startBusProcess(['--demo', '--port', '0', ...args])

describe('bus-mcp serve --demo', () => {
  it('says that this is a demo, and where to look', async () => {
    const { origin, apiUrl, stdout, stderr } = await startDemoProcess()
    const program = `node "${realpathSync(MAIN)}"`
    expect(stdout()).toBe(`bus-mcp ${VERSION} is listening on ${origin}

This is a demo: synthetic agents play an afternoon in a made-up project. Nothing of it is kept.
  in the browser   ${origin}/
  in a terminal    ${program} top --base-url ${apiUrl}
  as it happens    ${program} watch --base-url ${apiUrl}
  the API          ${apiUrl}/status
Take part: acknowledge a flag, claim a lane, or connect an agent of yours, as in
  ${program} connect claude --write --base-url ${apiUrl}
Stop with Ctrl-C.
`)
    expect(stderr()).toBe('')
  })

  it('has hours behind it and something of everything when it is looked at for the first time', async () => {
    const { apiUrl } = await startDemoProcess()
    const client = createBusClient({ baseUrl: apiUrl })
    const { _meta: counts } = await client.status.get({})
    for (const count of ['orphaned_claim_count', 'pending_action_flag_count', 'waiting_count'] as const) {
      expect(counts[count], count).toBeGreaterThan(0)
    }
    expect(counts.contended_lane_count).toBeGreaterThan(0)
    expect(counts.silent_lane_count).toBeGreaterThan(0)
    expect(counts.active_lane_count).toBeGreaterThan(4)

    const now = Date.parse(counts.server_time)
    expect(Math.abs(now - Date.now())).toBeLessThan(5000)
    const { messages } = await client.messages.read({ since_id: 0, limit: 500 })
    const moments = messages.map(({ ts }) => Date.parse(ts))
    expect(messages.length).toBeGreaterThan(200)
    expect(now - Math.min(...moments)).toBeGreaterThan(2.9 * HOUR)
    expect(now - Math.max(...moments)).toBeLessThan(HOUR / 60)
  })

  it('has the refusals of its past in the past', async () => {
    const { apiUrl } = await startDemoProcess()
    const { refusals, until } = await createBusClient({ baseUrl: apiUrl }).lanes.timeline({ window_s: 10_800 })
    const ages = refusals.map(({ last_at }) => Date.parse(until) - Date.parse(last_at))
    expect(ages.length).toBeGreaterThan(3)
    expect(Math.max(...ages)).toBeGreaterThan(30 * 60_000)
  })

  it('goes on in real time, and sees what a visitor does', async () => {
    const { apiUrl } = await startDemoProcess()
    const client = createBusClient({ baseUrl: apiUrl })
    const { pending_action_flags: flags } = await client.status.get({})
    const flag = flags.find(({ acked_by }) => acked_by === undefined)
    const { head_id, next_since_id } = await client.messages.read({ limit: 1 })
    await client.messages.ack({ id: flag?.id ?? 0, sender: 'visitor' })
    const hello = await client.messages.post({
      topic: 'plan',
      sender: 'visitor',
      body: 'What is next?',
      recipient: 'ops',
    })
    const findReply = async (fits: (body: string) => boolean) =>
      (await client.messages.read({ since_id: next_since_id, limit: 200 })).messages.find(({ body }) => fits(body))
    await expect
      .poll(() => findReply((body) => body.includes(`your message #${hello.id} is real`)), { timeout: 15_000 })
      .toMatchObject({ sender: 'ops', recipient: 'visitor', thread_id: hello.id })
    await expect
      .poll(() => findReply((body) => /\bvisitor\b.*(?:acknowledged|seen to)/.test(body)), { timeout: 15_000 })
      .toMatchObject({ sender: flag?.sender, thread_id: flag?.id })
    expect((await client.messages.read({ limit: 1 })).head_id).toBeGreaterThan(head_id + 2)
  }, 40_000)

  it('keeps to a secret: visitors need it, and its own agents do not', async () => {
    const { apiUrl, stdout } = await startBusProcess(['--demo', '--port', '0'], { BUS_WRITE_SECRET: 'letmein' })
    expect(stdout()).toContain('writes need BUS_WRITE_SECRET')
    const visitor = createBusClient({ baseUrl: apiUrl })
    expect((await visitor.status.get({}))._meta.active_lane_count).toBeGreaterThan(0)
    await expect(visitor.lanes.claim({ lane: 'mine', owner: 'visitor' })).rejects.toMatchObject({ statusCode: 401 })
  })

  it.skipIf(process.platform === 'win32')('ends at once, also with agents that wait', async () => {
    const { stop, stderr } = await startDemoProcess()
    expect(await stop()).toBe(0)
    expect(stderr()).toBe('')
  })

  it('refuses a database that is named with it, by flag or by variable, and does not touch it', async () => {
    const file = join(createTempFolder(), 'bus.db')
    const url = `sqlite:${file}`
    const serve = ['serve', '--demo', '--port', '0']
    for (const run of [
      await runMain([...serve, '--database-url', url]),
      await runMain(serve, { BUS_DATABASE_URL: url }),
    ]) {
      expect(run).toEqual({
        exitCode: 2,
        stdout: '',
        stderr:
          'bus-mcp: --demo keeps everything in memory and never writes into the database of a real bus: leave --database-url and BUS_DATABASE_URL out\n',
      })
    }
    expect(existsSync(file)).toBe(false)
  })

  it('takes no value', async () => {
    const { exitCode, stderr } = await runMain(['serve', '--demo=1', '--port', '0'])
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/^bus-mcp: Option '--demo' does not take an argument\n$/)
  })

  it('is no part of what other commands load', () => {
    const dist = dirname(MAIN)
    const programs = readdirSync(dist).filter((file) => file.endsWith('.js'))
    const holding = programs.filter((file) => readFileSync(join(dist, file), 'utf8').includes('Alpenfracht'))
    expect(holding).toEqual([expect.stringMatching(/^demo-\w+\.js$/)])
  })
})
