import { batch, type ReadonlySignal, signal } from '@preact/signals'
import type { BusClient, Output } from '../../../client/index.ts'
import type { BusClock } from './time.ts'

export type Attention = Output<'status.attention'>
export type AttentionItem = Attention['items'][number]

/** Whether what is shown is what there is. */
export interface Link {
  readonly state: 'connecting' | 'live' | 'lost'
  /** When the bus last answered, on the page's stopwatch in milliseconds; 0 before. */
  readonly answeredAt: number
}

/** Asks again and again what waits for somebody: no event tells that a lease ran out, or that somebody waits. */
export interface Pulse {
  readonly link: ReadonlySignal<Link>
  readonly attention: ReadonlySignal<Attention | undefined>
  /** Asks at once. */
  ask(): Promise<void>
  /** Asks soon, and once for all that happened until then. */
  askSoon(): void
  /** The events flow, or do not: without them the page is not live, whatever is answered. */
  setStreaming(isStreaming: boolean): void
}

const EVERY_MS = 2_000
/** The shortest time from one question to the next, however much happens. */
const SOON_MS = 250

/** @param onAnswer Takes each answer together with what else changes by it. */
export function startPulse(
  getClient: () => BusClient,
  clock: BusClock,
  onAnswer: (attention: Attention) => void,
): Pulse {
  const link = signal<Link>({ state: 'connecting', answeredAt: 0 })
  const attention = signal<Attention>()
  let isStreaming = false
  let isAnswering = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let askedAt = Number.NEGATIVE_INFINITY

  const judge = (answeredAt: number) => {
    const state = isAnswering && isStreaming ? 'live' : answeredAt === 0 || isAnswering ? 'connecting' : 'lost'
    link.value = { state, answeredAt }
  }
  const schedule = (ms: number) => {
    clearTimeout(timer)
    timer = setTimeout(() => void ask(), ms)
  }
  const ask = async () => {
    clearTimeout(timer)
    askedAt = performance.now()
    try {
      const answer = await getClient().status.attention({})
      isAnswering = true
      clock.learn(answer._meta.server_time)
      batch(() => {
        attention.value = answer
        onAnswer(answer)
        judge(performance.now())
      })
    } catch {
      isAnswering = false
      judge(link.value.answeredAt)
    }
    schedule(EVERY_MS)
  }
  void ask()
  return {
    ...{ link, attention, ask },
    askSoon: () => schedule(Math.max(0, askedAt + SOON_MS - performance.now())),
    setStreaming: (now) => {
      isStreaming = now
      judge(link.value.answeredAt)
    },
  }
}
