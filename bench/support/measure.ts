import type { Budget, Figure, Unit } from './question.ts'

/** One thing that is measured: a call, and how many are under way at once. */
export interface Contender {
  readonly name: string
  readonly callers: number
  call(): Promise<unknown>
}

/** Those that run at the same time; mostly one alone. */
export type Turn = readonly Contender[]

/** What came of it, found by the contenders' names. */
export interface Figures {
  readonly all: readonly Figure[]
  of(name: string): Figure
  /** One median by another: of the rounds' own ratios where there are rounds, since a busy moment hits both alike. */
  ratio(name: string, floor: string): number
}

/** Contenders of as many callers each, one after another. */
export function alone(callers: number, calls: Readonly<Record<string, () => Promise<unknown>>>): Turn[] {
  return Object.entries(calls).map(([name, call]) => [{ name, callers, call }])
}

/**
 * Runs contenders against each other in turns, so that a busy moment of the machine hits all of them.
 *
 * @returns Rates, with the latencies of single calls.
 */
export async function measure(
  turns: readonly Turn[],
  { rounds, seconds }: Pick<Budget, 'rounds' | 'seconds'>,
): Promise<Figures> {
  const bursts = new Map<string, Burst[]>()
  for (let round = 0; round <= rounds; round += 1) {
    for (const turn of turns) {
      const results = await Promise.all(turn.map((contender) => hammer(contender, seconds)))
      // The first round only warms up.
      if (round === 0) continue
      for (const [index, { name }] of turn.entries()) {
        bursts.set(name, [...(bursts.get(name) ?? []), ...results.slice(index, index + 1)])
      }
    }
  }
  const rates = new Map([...bursts].map(([name, all]) => [name, all.map(({ perSecond }) => perSecond)]))
  const figures = [...bursts].map(([name, all]) => summarizeBursts(name, all))
  return toFigures(figures, (name, floor) => {
    const floors = rates.get(floor) ?? []
    return median((rates.get(name) ?? []).map((rate, round) => rate / (floors[round] ?? Number.NaN)))
  })
}

/**
 * Asks each contender in turn, so often. What a call took each of them says itself, in milliseconds unless told otherwise.
 *
 * @param warmUps How many of the first do not count.
 */
export async function sample(
  contenders: Readonly<Record<string, () => Promise<number>>>,
  count: number,
  { warmUps = Math.ceil(count / 10), unit = 'ms' }: { readonly warmUps?: number; readonly unit?: Unit } = {},
): Promise<Figures> {
  const values = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]))
  for (let round = -warmUps; round < count; round += 1) {
    for (const [name, ask] of Object.entries(contenders)) {
      const value = await ask()
      if (round >= 0) values.get(name)?.push(value)
    }
  }
  return toFigures([...values].map(([name, all]) => summarize(name, all, unit)))
}

/** The same call, which says how long it took. */
export function timed(call: () => Promise<unknown>): () => Promise<number> {
  return async () => {
    const startedAt = performance.now()
    await call()
    return performance.now() - startedAt
  }
}

/** The figure of single values; of times also what one in a hundred exceeds, where there are as many. */
export function summarize(name: string, values: readonly number[], unit: Unit = 'ms'): Figure {
  const sorted = [...values].sort((one, other) => one - other)
  const base = { name, unit, median: quantile(sorted, 0.5), lowest: sorted[0] ?? 0, highest: sorted.at(-1) ?? 0 }
  if (unit !== 'ms') return base
  return {
    ...base,
    p50Ms: base.median,
    ...(sorted.length >= 100 ? { p99Ms: quantile(sorted, 0.99) } : {}),
    ...(sorted.length >= 1000 ? { p999Ms: quantile(sorted, 0.999) } : {}),
  }
}

/** Figures that can be asked for by name. */
export function toFigures(all: readonly Figure[], ratio?: Figures['ratio']): Figures {
  const of = (name: string) => {
    const figure = all.find((one) => one.name === name)
    if (!figure) throw new Error(`nothing was measured under the name ${name}`)
    return figure
  }
  return { all, of, ratio: ratio ?? ((name, floor) => of(name).median / of(floor).median) }
}

export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((one, other) => one - other),
    0.5,
  )
}

/** Of values in order. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

interface Burst {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

async function hammer({ call, callers }: Contender, seconds: number): Promise<Burst> {
  const times: number[] = []
  const startedAt = performance.now()
  const end = startedAt + seconds * 1000
  const caller = async () => {
    while (performance.now() < end) {
      const askedAt = performance.now()
      await call()
      times.push(performance.now() - askedAt)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  // Until the last one was answered, and not until the end was called: those under way then are counted.
  const perSecond = (times.length / (performance.now() - startedAt)) * 1000
  times.sort((one, other) => one - other)
  return { perSecond, p50: quantile(times, 0.5), p99: quantile(times, 0.99), p999: quantile(times, 0.999) }
}

function summarizeBursts(name: string, bursts: readonly Burst[]): Figure {
  const rates = bursts.map(({ perSecond }) => perSecond)
  return {
    name,
    unit: '/s',
    median: median(rates),
    lowest: Math.min(...rates),
    highest: Math.max(...rates),
    p50Ms: median(bursts.map(({ p50 }) => p50)),
    p99Ms: median(bursts.map(({ p99 }) => p99)),
    p999Ms: median(bursts.map(({ p999 }) => p999)),
  }
}
