import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { compileLayer, findObstacle } from '../support/preload.ts'
import type { Raise } from './alarms.ts'
import type { Disturbances } from './disturbances.ts'

const MAIN = join(import.meta.dirname, '../../dist/main.js')
const PROBE = pathToFileURL(join(import.meta.dirname, 'memory-probe.mjs')).href
const DISK_SOURCE = join(import.meta.dirname, '../correctness/fixtures/disk.c')

/** What a process of the bus has taken; memory in bytes. */
export interface Usage {
  readonly rss: number
  /** What is reachable: the heap and what is outside it. */
  readonly live: number
  /** Since its start. */
  readonly cpuMs: number
}

export interface SoakedBus {
  readonly origin: string
  readonly file: string
  /** Which process it is, from 0. */
  life(): number
  /** After all garbage was collected, which stops everybody for some tens of milliseconds. */
  measure(): Promise<Usage | undefined>
  /** Undefined where the system does not list them. */
  countDescriptors(): number | undefined
  readonly sizes: () => { readonly database: number; readonly wal: number }
  /** Each resolves when it is over. Undefined where it cannot be done. */
  readonly freeze: ((ms: number) => Promise<void>) | undefined
  readonly fillDisk: ((ms: number) => Promise<void>) | undefined
  /** Ends it as `kill -9` does, and starts another on the same file and port. */
  kill(): Promise<void>
  /** Asks it to end. Returns its exit status. */
  stop(): Promise<number | null>
  /** At once, whatever it is doing. */
  destroy(): void
  /** The end of what it wrote to its log. */
  log(): string
}

export interface BusSetup {
  readonly folder: string
  readonly retainMessages: number
  readonly disturbances: Disturbances
  readonly raise: Raise
}

/**
 * Starts the built bus on a file, in a process that can be measured: it is asked over the channel of its parent, for
 * /proc and signals are not everywhere. What it has after a full collection is what it keeps; before one it is mostly
 * what V8 has not cared to collect yet, which hides a leak for a quarter of an hour and looks like one for another.
 */
export async function startSoakedBus({ folder, retainMessages, disturbances, raise }: BusSetup): Promise<SoakedBus> {
  const file = join(folder, 'data', 'bus.db')
  const disk = createDisk(folder, join(folder, 'data'))
  const log = createTail()
  let child: ChildProcess
  let port = 0
  let life = 0
  let isExpectedToEnd = false

  const start = async () => {
    const flags = ['--expose-gc', '--import', PROBE, MAIN, 'serve', '--port', String(port)]
    const env = { ...withoutOwnSettings(), ...disk?.env, BUS_RETAIN_MESSAGES: String(retainMessages) }
    const next = spawn(process.execPath, [...flags, '--database-url', `sqlite:${file}`], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Ctrl-C is for the soak, which then ends it; in a terminal it would reach the bus as well.
      detached: process.platform !== 'win32',
      env,
    })
    next.stderr?.setEncoding('utf8').on('data', log.add)
    next.once('exit', (code, signal) => {
      if (!isExpectedToEnd) raise('fault of the bus', `it ended by itself: ${signal ?? code}`)
    })
    child = next
    const origin = await readOrigin(next, log.text)
    port = Number(new URL(origin).port)
    return origin
  }
  const end = async (signal: NodeJS.Signals) => {
    isExpectedToEnd = true
    const closed = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
    child.kill(signal)
    await closed
    return child.exitCode
  }
  const during = async (kind: 'frozen' | 'disk full', ms: number, begin: () => void, stop: () => void) => {
    const over = disturbances.begin(kind)
    begin()
    await sleep(ms)
    stop()
    over()
  }

  const origin = await start()
  return {
    origin,
    file,
    life: () => life,
    measure: () => askForUsage(child),
    countDescriptors: () => {
      const list = `/proc/${child.pid}/fd`
      return existsSync(list) ? readdirSync(list).length : undefined
    },
    sizes: () => ({ database: sizeOf(file), wal: sizeOf(`${file}-wal`) }),
    freeze:
      process.platform === 'win32'
        ? undefined
        : (ms) =>
            during(
              'frozen',
              ms,
              () => child.kill('SIGSTOP'),
              () => child.kill('SIGCONT'),
            ),
    fillDisk: disk && ((ms) => during('disk full', ms, disk.fill, disk.empty)),
    kill: async () => {
      const over = disturbances.begin('killed')
      await end('SIGKILL')
      isExpectedToEnd = false
      life += 1
      await start()
      over()
    },
    stop: () => end('SIGTERM'),
    destroy: () => {
      isExpectedToEnd = true
      child.kill('SIGKILL')
    },
    log: log.text,
  }
}

function withoutOwnSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('BUS_')))
}

/** A layer below the bus that refuses as a full disk does; undefined where none can be made. */
function createDisk(folder: string, data: string) {
  if (findObstacle() !== undefined) return undefined
  const fault = join(folder, 'fault')
  const set = (letter: string) => writeFileSync(fault, letter, { flag: 'r+' })
  writeFileSync(fault, '\0')
  return {
    env: { LD_PRELOAD: compileLayer(DISK_SOURCE, folder), DISK_FOLDER: data, DISK_FAULT: fault },
    fill: () => set('f'),
    empty: () => set('\0'),
  }
}

async function readOrigin(child: ChildProcess, log: () => string): Promise<string> {
  let text = ''
  const ended = once(child, 'exit').then(() => undefined)
  child.stdout?.setEncoding('utf8')
  while (!text.includes('Ctrl-C')) {
    const chunk = await Promise.race([once(child.stdout ?? child, 'data'), ended])
    if (chunk === undefined) throw new Error(`the bus ended at once: ${log()}`)
    text += chunk[0]
  }
  child.stdout?.resume()
  return /listening on (\S+)/.exec(text)?.[1] ?? ''
}

/** A frozen bus answers when it goes on; one that ends does not. */
const MEASURE_LIMIT_MS = 8_000

async function askForUsage(child: ChildProcess): Promise<Usage | undefined> {
  if (!child.connected) return undefined
  const over = new AbortController()
  const answer = once(child, 'message', { signal: over.signal })
  const timer = setTimeout(() => over.abort(), MEASURE_LIMIT_MS)
  const stop = () => over.abort()
  child.once('exit', stop)
  child.send('measure', () => {})
  const [usage] = await answer.catch(() => [undefined])
  clearTimeout(timer)
  child.off('exit', stop)
  return usage
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

const TAIL_CHARACTERS = 20_000

function createTail(): { add(text: string): void; text(): string } {
  let tail = ''
  return {
    add: (text) => {
      tail = (tail + text).slice(-TAIL_CHARACTERS)
    },
    text: () => tail,
  }
}
