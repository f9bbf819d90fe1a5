import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { constants } from 'node:os'
import spawn from 'cross-spawn'
import {
  type BusClient,
  type HeldLane,
  isOutcomeUnknown,
  keepLane,
  releaseLane,
  toHeldLane,
} from '../../client/index.ts'
import { UsageError } from './command.ts'
import { endProcess } from './end-process.ts'

export interface RunOptions {
  readonly client: BusClient
  readonly owner: string
  readonly lane: string
  readonly leaseSeconds: number
  /** How long to wait for the lane; 0 is refused at once. */
  readonly waitSeconds: number
  /** What becomes of the command when the lane is lost to somebody else. */
  readonly onLost: 'kill' | 'warn'
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly say: (text: string) => void
}

/** How long a command that was asked to end may take. */
const KILL_AFTER_MS = 5_000

/**
 * Runs a command while holding a lane: claims it, keeps the lease alive from this process, and releases it when the
 * command has ended, however it ends.
 *
 * @returns The command's own exit status; 128 and the signal's number when a signal ended it, as shells have it.
 * @throws {BusApiError} `lane_held`, when the lane could not be had in time.
 */
export async function runInLane(options: RunOptions): Promise<number> {
  const { command } = options
  if (command.length === 0) {
    throw new UsageError('name a command after " -- ", as in: bus-mcp run --lane deploy -- npm test')
  }
  const signals = listenForSignals()
  try {
    const held = await claim(options, signals.abort)
    try {
      return await runCommand(options, held, signals)
    } finally {
      await release(options, held)
    }
  } catch (error) {
    // Whoever ended the wait for the lane knows why it ended.
    const received = signals.received()
    if (received === undefined) throw error
    return toStatus(received)
  } finally {
    signals.stop()
  }
}

async function claim(
  { client, owner, lane, leaseSeconds, waitSeconds }: RunOptions,
  signal: AbortSignal,
): Promise<HeldLane> {
  // Two runs under one name are two holders.
  const holder = { lane, owner, session: randomUUID() }
  const input = { ...holder, lease_s: leaseSeconds }
  let askedAt = performance.now()
  const onAsk = () => {
    askedAt = performance.now()
  }
  try {
    const answer = await client.lanes.claim(input, { signal, waitSeconds, onAsk })
    return toHeldLane(input, answer, askedAt)
  } catch (error) {
    // Nobody else knows the session, so nobody could give back what was granted and not heard of.
    if (isOutcomeUnknown(error)) await client.lanes.release(holder).catch(() => {})
    throw error
  }
}

async function runCommand(options: RunOptions, held: HeldLane, signals: Signals): Promise<number> {
  const { client, lane, env, command, onLost, say } = options
  const [file = '', ...args] = command
  const child = spawn(file, args, {
    stdio: 'inherit',
    env: { ...env, BUS_LANE: lane, BUS_FENCE: String(held.fence ?? '') },
  })
  signals.forwardTo(child)
  const stopRenewing = keepLane(client, held, (reason) => {
    say(`bus-mcp run: lane '${lane}' is lost: ${reason}`)
    if (onLost === 'kill') endCommand(child)
  })
  try {
    const { code, signal } = await untilExit(child)
    return code ?? (signal ? toStatus(signal) : 1)
  } catch (error) {
    throw new UsageError(`cannot run ${file}: ${describeSpawnError(error)}`)
  } finally {
    stopRenewing()
  }
}

function describeSpawnError(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'ENOENT':
      return 'no such command'
    case 'EACCES':
      return 'it may not be executed'
    default:
      return error instanceof Error ? error.message : String(error)
  }
}

/** The exit status of what a signal ended, as shells have it. */
function toStatus(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}

function untilExit(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.once('error', reject)
  })
}

interface Signals {
  /** Aborts with the first signal. */
  readonly abort: AbortSignal
  readonly received: () => NodeJS.Signals | undefined
  /** Hands the command every signal, also one that came before it was there. */
  forwardTo(child: ChildProcess): void
  stop(): void
}

/** Listens from the beginning, so that no signal leaves a lane behind. */
function listenForSignals(): Signals {
  const abort = new AbortController()
  let received: NodeJS.Signals | undefined
  let child: ChildProcess | undefined
  const handlers = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => {
    const handle = () => {
      received ??= signal
      abort.abort()
      if (child && !comesFromTerminal(signal)) endProcess(child, signal)
    }
    process.on(signal, handle)
    return () => process.off(signal, handle)
  })
  return {
    abort: abort.signal,
    received: () => received,
    forwardTo: (command) => {
      child = command
      if (received && !comesFromTerminal(received)) endProcess(command, received)
    },
    stop: () => {
      for (const stop of handlers) stop()
    },
  }
}

/**
 * A terminal sends Ctrl-C to the command as well. A second one would cut off what the command does about the first. A
 * window of Windows that is closed tells all that run in it.
 */
function comesFromTerminal(signal: NodeJS.Signals): boolean {
  if (signal === 'SIGHUP') return process.platform === 'win32'
  return signal === 'SIGINT' && process.stdin.isTTY
}

function endCommand(child: ChildProcess): void {
  endProcess(child, 'SIGTERM')
  const timer = setTimeout(() => endProcess(child, 'SIGKILL'), KILL_AFTER_MS)
  child.once('exit', () => clearTimeout(timer))
}

async function release({ client, lane, say }: RunOptions, held: HeldLane): Promise<void> {
  try {
    await releaseLane(client, held)
  } catch (error) {
    say(
      `bus-mcp run: lane '${lane}' was not released, its lease will lapse: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

const SECONDS: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
])

/** A time as people type it: `90`, `90s`, `2m`. In seconds. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(s|m|h)?$/.exec(text)
  if (!match) throw new UsageError(`"${text}" is no time; type it as 90s, 2m or 1h`)
  return Number(match[1]) * (SECONDS.get(match[2] ?? 's') ?? 1)
}
