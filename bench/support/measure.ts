/** One contender's figures: medians over the rounds, with the lowest and highest rate. */
export interface Figures {
  readonly perSecond: number
  readonly lowest: number
  readonly highest: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * Runs contenders against each other in turns, so that a busy moment of the machine hits all of them.
 *
 * @param callers How many calls are under way at once.
 * @param seconds How long each contender runs in each round.
 */
export async function measure(
  contenders: Readonly<Record<string, () => Promise<void>>>,
  callers: number,
  rounds: number,
  seconds: number,
): Promise<Record<string, Figures>> {
  const runs = new Map<string, { perSecond: number; p50: number; p99: number }[]>()
  for (let round = 0; round <= rounds; round++) {
    for (const [name, call] of Object.entries(contenders)) {
      const times = await hammer(call, callers, seconds)
      // The first round only warms up.
      if (round === 0) continue
      times.sort((one, other) => one - other)
      const result = { perSecond: times.length / seconds, p50: quantile(times, 0.5), p99: quantile(times, 0.99) }
      runs.set(name, [...(runs.get(name) ?? []), result])
    }
  }
  return Object.fromEntries([...runs].map(([name, results]) => [name, summarize(results)]))
}

export function report(title: string, figures: Readonly<Record<string, Figures>>): void {
  console.log(`\n${title}`)
  const floor = Object.values(figures)[0]?.perSecond ?? 1
  for (const [name, { perSecond, lowest, highest, p50Ms, p99Ms }] of Object.entries(figures)) {
    const rate = `${Math.round(perSecond)}/s (${Math.round(lowest)} to ${Math.round(highest)})`
    const latency = `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`
    console.log(
      `  ${name.padEnd(14)} ${rate.padEnd(28)} ${latency.padEnd(32)} ${(perSecond / floor).toFixed(2)} of the floor`,
    )
  }
}

async function hammer(call: () => Promise<void>, callers: number, seconds: number): Promise<number[]> {
  const times: number[] = []
  const end = performance.now() + seconds * 1000
  const caller = async () => {
    while (performance.now() < end) {
      const started = performance.now()
      await call()
      times.push(performance.now() - started)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return times
}

function summarize(results: readonly { perSecond: number; p50: number; p99: number }[]): Figures {
  const rates = results.map(({ perSecond }) => perSecond).sort((one, other) => one - other)
  return {
    perSecond: quantile(rates, 0.5),
    lowest: rates[0] ?? 0,
    highest: rates.at(-1) ?? 0,
    p50Ms: median(results.map(({ p50 }) => p50)),
    p99Ms: median(results.map(({ p99 }) => p99)),
  }
}

function median(values: number[]): number {
  return quantile(
    values.sort((one, other) => one - other),
    0.5,
  )
}

/** Of values in order. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
