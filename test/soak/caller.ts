import { setTimeout as sleep } from 'node:timers/promises'
import {
  BusApiError,
  type BusClient,
  BusUnreachable,
  type CallOptions,
  createBusClient,
  type Transport,
} from '../../src/client/index.ts'
import { createNodeTransport } from '../../src/client/node-transport.ts'
import type { Random } from '../../src/core/random.ts'
import type { Alarms } from './alarms.ts'
import type { Disturbances } from './disturbances.ts'
import type { LaneLedger } from './lane-ledger.ts'
import type { MessageLedger } from './message-ledger.ts'
import type { Observations } from './observations.ts'

/** What all agents share. */
export interface Stage {
  /** Where agents ask: the bus, or what stands before it. */
  readonly origin: string
  readonly lanes: LaneLedger
  readonly messages: MessageLedger
  readonly observations: Observations
  readonly disturbances: Disturbances
  readonly alarms: Alarms
  readonly random: Random
  /** Aborts when the agents are to finish what they do and leave. */
  readonly leaving: AbortSignal
  /** The share of the requests whose connection is cut while they are under way. */
  readonly cutShare: number
  /** How long an agent thinks between two calls, in milliseconds, on average. */
  readonly thinkMs: number
  /** How many lanes the workers contend for. */
  readonly workLanes: number
  /** Which streams of events are open, for the samples. */
  readonly streams: Set<string>
}

/** An agent's side of the bus, as one process has it. */
export interface Caller {
  readonly client: BusClient
  /**
   * Asks for a change until it is known whether it was made: under one key, so that it is made once.
   *
   * @returns Undefined when the caller died, or when the run ended first.
   * @throws {BusApiError} When the bus refuses.
   */
  settle<T>(ask: (options: CallOptions) => Promise<T>): Promise<T | undefined>
  /** The same for what changes nothing. */
  look<T>(ask: (options: CallOptions) => Promise<T>): Promise<T | undefined>
  /** As `kill -9` of the agent's process: all its connections are gone at once, with what was under way on them. */
  die(): void
  readonly isDead: () => boolean
}

/** Longer than any disturbance; then it is no longer that. */
const PATIENCE_MS = 40_000

export function createCaller(stage: Stage): Caller {
  const life = new AbortController()
  const client = createBusClient({ baseUrl: `${stage.origin}/api/bus`, transport: createObservedTransport(stage) })
  const insist = async <T>(ask: (options: CallOptions) => Promise<T>): Promise<T | undefined> => {
    const startedAt = performance.now()
    const options = { signal: life.signal, idempotencyKey: crypto.randomUUID() }
    while (!life.signal.aborted) {
      try {
        return await ask(options)
      } catch (error) {
        if (!isTemporary(error)) throw error
        if (life.signal.aborted) return undefined
        const now = performance.now()
        if (error instanceof BusUnreachable && !isExplained(stage, error, startedAt, now)) {
          stage.alarms.raise('no answer', error.message)
        }
        if (now - startedAt > PATIENCE_MS) {
          stage.alarms.raise('no answer', `nothing came of a call for ${PATIENCE_MS / 1000} s`)
          return undefined
        }
        await sleep(100 + stage.random.below(300))
      }
    }
    return undefined
  }
  return { client, settle: insist, look: insist, die: () => life.abort(), isDead: () => life.signal.aborted }
}

function isTemporary(error: unknown): boolean {
  return error instanceof BusUnreachable || (error instanceof BusApiError && error.statusCode === 503)
}

const CUT = 'cut by the soak'

function isExplained({ disturbances }: Stage, { cause }: BusUnreachable, from: number, to: number): boolean {
  const isCut = cause instanceof Error && cause.message === CUT
  return isCut || disturbances.touch(from, to)
}

/** Cuts some of the connections, and shows every answer to whoever looks at them. */
function createObservedTransport({ observations, random, cutShare }: Stage): Transport {
  const send = createNodeTransport()
  return async (request) => {
    const startedAt = performance.now()
    const signals = request.signal ? [request.signal] : []
    const cut = random.chance(cutShare) ? new AbortController() : undefined
    const timer = cut && setTimeout(() => cut.abort(new Error(CUT)), random.below(20))
    try {
      const signal = cut ? AbortSignal.any([...signals, cut.signal]) : request.signal
      const answer = await send({ ...request, signal })
      observations.answered(request, answer, startedAt)
      return answer
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Thinks, as long as agents do: mostly shortly, sometimes for long. Ends at once when the agents are to leave. */
export async function think({ random, thinkMs, leaving }: Stage): Promise<void> {
  await sleep(-Math.log(1 - random.next()) * thinkMs, undefined, { signal: leaving }).catch(() => {})
}

/** The refusal's code; undefined when the call succeeded. Whatever is no refusal is thrown. */
export async function refusalOf(call: Promise<unknown>): Promise<BusApiError | undefined> {
  try {
    await call
    return undefined
  } catch (error) {
    if (error instanceof BusApiError) return error
    throw error
  }
}
