import type { BusClient } from '../client/index.ts'
import { createRandom } from '../core/random.ts'
import { type Agenda, createAgenda } from './agenda.ts'
import { direct } from './director.ts'
import type { Stage } from './stage.ts'

export interface PlayOptions {
  readonly client: BusClient
  readonly seed: number
  /** The bus's clock. */
  readonly now: () => number
  /** How long until somebody looks, in milliseconds: by then there is something of everything. */
  readonly openingInMs: number
  /** Is told what went wrong with the script. */
  readonly onFault: (error: unknown) => void
}

export interface Play {
  readonly stage: Stage
  readonly agenda: Agenda
}

/** Puts everybody on stage. Whoever steps through the agenda sets the pace. */
export function openPlay({ seed, openingInMs, ...given }: PlayOptions): {
  readonly stage: Stage
  readonly agenda: Agenda
} {
  const agenda = createAgenda(given.now(), given.onFault)
  const stage: Stage = {
    ...given,
    random: createRandom(seed),
    start: agenda.start,
    doLater: agenda.doLater,
    holds: new Set(),
    abandoned: new Map(),
    away: new Set(),
    queues: new Map(),
    asking: new Set(),
    openingAt: given.now() + openingInMs,
    isLive: false,
    lastPullRequest: 2318,
    lastVersion: 16,
  }
  direct(stage, openingInMs)
  return { stage, agenda }
}
