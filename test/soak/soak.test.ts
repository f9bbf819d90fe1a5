import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTempFolder } from '../support/bus.ts'
import { cleanEnvironment, collect } from '../support/process.ts'
import type { AlarmKind } from './alarms.ts'
import { type Lie, startLyingProxy } from './lying-proxy.ts'
import { runSoak } from './soak.ts'

const ROOT = join(import.meta.dirname, '../..')

/** @param folder Where it may put what it needs meanwhile. */
function startScript(args: readonly string[], folder: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/soak.ts', ...args], {
    cwd: ROOT,
    env: cleanEnvironment({ TMPDIR: folder, TEMP: folder, TMP: folder }),
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return { child, stdout: collect(child.stdout), stderr: collect(child.stderr), ended: once(child, 'close') }
}

describe('a short soak', () => {
  it('with every fault ends by itself, with no alarm and with its summary, and leaves nothing', {
    timeout: 120_000,
  }, async () => {
    const folder = createTempFolder()
    const { child, stdout, stderr, ended } = startScript(
      ['--minutes', '0.3', '--agents', '40', '--think-ms', '300'],
      folder,
    )
    await ended
    expect(stderr()).toBe('')
    expect(child.exitCode).toBe(0)
    expect(stdout()).toMatch(/ {2}0:1\d {2}rss .* p99 .* streams {2}refused: lane_held/)
    expect(stdout()).toMatch(/times killed: [1-3]/)
    expect(stdout()).toMatch(/queues served in order: [1-9]/)
    expect(stdout()).toMatch(/alarms: 0; wanted 0: met/)
    expect(readdirSync(folder).filter((name) => name.startsWith('bus-soak-'))).toEqual([])
  })

  it.skipIf(process.platform === 'win32')(
    'ends on Ctrl-C with its summary, too (skipped where nothing can send it to a process)',
    { timeout: 120_000 },
    async () => {
      const { child, stdout, ended } = startScript(['--minutes', '30', '--agents', '30'], createTempFolder())
      while (!stdout().includes('live')) await once(child.stdout, 'data')
      child.kill('SIGINT')
      await ended
      expect(child.exitCode).toBe(0)
      expect(stdout()).toMatch(/alarms: 0; wanted 0: met/)
    },
  )
})

/** Tells the lie once, when honest answers of this kind came before. */
function lieOnce(isMeant: (path: string, text: string) => boolean, change: (text: string) => string): Lie {
  let count = 0
  return (path, text) => {
    if (!isMeant(path, text)) return text
    count += 1
    return count === 5 ? change(text) : text
  }
}

const isClaim = (path: string, text: string) => /\/work-\d+\/claim$/.test(path) && text.includes('"decision":"claim"')
const lower = (text: string) => text.replace(/"fence":(\d+)/, (_, fence) => `"fence":${Number(fence) - 1}`)

const lies: readonly (readonly [what: string, kind: AlarmKind, createLie: () => Lie])[] = [
  [
    'gives a fence twice',
    'fence',
    () => lieOnce((path, text) => isClaim(path, text) && !text.includes('"fence":1,'), lower),
  ],
  [
    'gives a lane away before the lease is over that it promised',
    'two holders',
    () => (path, text) =>
      /\/work-\d+\/(claim|heartbeat)$/.test(path)
        ? text.replace(/"expires_at":"\d{4}/, (start) => `"expires_at":"${Number(start.slice(-4)) + 1}`)
        : text,
  ],
  [
    'refuses without the lane',
    'refusal',
    () =>
      lieOnce(
        (path, text) => path.endsWith('/claim') && text.includes('"lane_held"'),
        (text) => text.replace('"lane":', '"lame":'),
      ),
  ],
  [
    'passes a waiter over',
    'order',
    () => (path, text) =>
      path.includes('/queue-') && /"owner":"\d+-\d+-1"/.test(text)
        ? text.replace(/"fence":(\d+)/, '"fence":1$1')
        : text,
  ],
  [
    'loses a message that it acknowledged',
    'gap',
    () =>
      lieOnce(
        (path, text) => path.includes('since_id=') && path.includes('/messages') && text.split('"topic":').length > 2,
        (text) => text.replace(/\{"id":.*?\},(?=\{"id":)/s, ''),
      ),
  ],
  [
    'acknowledges one message and keeps another',
    'lost message',
    () => (path, text) =>
      path.includes('since_id=') || path.endsWith('/events')
        ? text.replace(/("body":"soak worker-1\.1 3)/, '$13')
        : text,
  ],
  [
    'leaves an event out of a stream',
    'gap',
    () =>
      lieOnce(
        (path, text) => path.endsWith('/events') && text.includes('\ndata:'),
        () => '',
      ),
  ],
]

describe('a bus that lies', () => {
  // At the same time, for most of it is waited through.
  it.concurrent.for(lies)(
    'is found out when it %s (%s)',
    { timeout: 240_000 },
    async ([, kind, createLie], context) => {
      const soak = async (minutes: number) => {
        const { alarms } = await runSoak({
          ...{ minutes, agents: 26, thinkMs: 120, seed: 1, hasFaults: false },
          signal: new AbortController().signal,
          through: (origin) => startLyingProxy(origin, createLie(), context.onTestFinished),
        })
        return alarms.map((alarm) => alarm.kind)
      }
      // On a machine that is busy with other work agents get to less, and need longer.
      const shortly = await soak(0.15)
      context.expect(shortly.includes(kind) ? shortly : await soak(1)).toContain(kind)
    },
  )
})
