import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../src/core/random.ts'
import type { SoakedBus } from './soaked-bus.ts'
import type { Living } from './worker.ts'

/** When what happens, in milliseconds from the beginning. */
export interface Plan {
  readonly durationMs: number
  /** What is before it says nothing of slopes: pages are cached, code is compiled, and MCP sessions that were left are kept for 10 minutes. */
  readonly warmUpMs: number
  /** From then on the bus is killed now and then, and each of its processes lives too shortly for a slope. */
  readonly killsFromMs: number
  readonly freezeEveryMs: number
  readonly fillDiskEveryMs: number
  readonly deathEveryMs: number
  /** How long the bus stands still, or its disk is full, at most. */
  readonly disturbanceMs: number
}

const MINUTE_MS = 60_000

export function makePlan(minutes: number): Plan {
  const durationMs = minutes * MINUTE_MS
  const spread = (share: number, most: number) => Math.min(most, durationMs * share)
  return {
    durationMs,
    warmUpMs: spread(0.4, 11 * MINUTE_MS),
    killsFromMs: durationMs * 0.9,
    freezeEveryMs: spread(0.2, MINUTE_MS),
    fillDiskEveryMs: spread(0.3, 2 * MINUTE_MS),
    deathEveryMs: spread(0.1, 10_000),
    disturbanceMs: spread(0.03, 2_000),
  }
}

const KILLS = 3

/** Does it, until it is told to stop. Resolves when the last one is over. */
export async function makeFaults(
  bus: SoakedBus,
  living: Living,
  plan: Plan,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now()
  const wait = (ms: number) => sleep(ms, undefined, { signal }).catch(() => {})
  const isBeforeKills = () => performance.now() - startedAt < plan.killsFromMs - plan.disturbanceMs
  const length = () => plan.disturbanceMs * (0.5 + random.next() / 2)
  const again = async (everyMs: number, strike: () => unknown, isTime: () => boolean) => {
    while (!signal.aborted) {
      await wait(everyMs * (0.5 + random.next()))
      if (!signal.aborted && isTime()) await strike()
    }
  }
  // One after the other: a full disk under a bus that stands still is none.
  let turn = Promise.resolve()
  const inTurn = (strike: (() => Promise<void>) | undefined) => () => {
    turn = turn.then(strike)
    return turn
  }
  const { freeze, fillDisk } = bus
  const killAll = async () => {
    await wait(plan.killsFromMs)
    for (let kill = 0; kill < KILLS && !signal.aborted; kill += 1) {
      await inTurn(bus.kill)()
      await wait((plan.durationMs - plan.killsFromMs) / (KILLS + 1))
    }
  }
  await Promise.all([
    again(plan.freezeEveryMs, inTurn(freeze && (() => freeze(length()))), isBeforeKills),
    again(plan.fillDiskEveryMs, inTurn(fillDisk && (() => fillDisk(length()))), isBeforeKills),
    again(
      plan.deathEveryMs,
      () => kill(living, random),
      () => living.size > 0,
    ),
    killAll(),
  ])
}

function kill(living: Living, random: Random): void {
  random.pick([...living]).die()
}
