import type { Window } from './observations.ts'
import type { Usage } from './soaked-bus.ts'

/** What was seen at one moment, and of the time since the one before. Sizes in bytes. */
export interface Sample {
  readonly atMs: number
  /** Which process of the bus. */
  readonly life: number
  /** Undefined where the bus did not answer, for it was killed. */
  readonly rss: number | undefined
  /** Of what is reachable. */
  readonly live: number | undefined
  readonly descriptors: number | undefined
  /** Of one core, by the bus and by all agents together. */
  readonly busShare: number
  readonly agentsShare: number
  readonly wal: number
  readonly database: number
  readonly eventsPerSecond: number
  readonly callsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly streams: number
  readonly refusals: ReadonlyMap<string, number>
}

/** What a sample is made of. */
export interface Reading
  extends Pick<Sample, 'atMs' | 'life' | 'descriptors' | 'streams' | 'busShare' | 'agentsShare'> {
  readonly seconds: number
  readonly usage: Usage | undefined
  readonly sizes: { readonly database: number; readonly wal: number }
  readonly events: number
  readonly window: Window
}

export function toSample(reading: Reading): Sample {
  const { atMs, life, descriptors, streams, busShare, agentsShare, seconds, usage, sizes, events, window } = reading
  const quantile = (share: number) => window.times[Math.floor(window.times.length * share)] ?? Number.NaN
  return {
    atMs,
    life,
    rss: usage?.rss,
    live: usage?.live,
    descriptors,
    busShare,
    agentsShare,
    ...sizes,
    eventsPerSecond: events / seconds,
    callsPerSecond: window.calls / seconds,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    streams,
    refusals: window.refusals,
  }
}

export const MIB = 1024 * 1024

/** As one line. */
export function describeSample(sample: Sample): string {
  const seconds = Math.round(sample.atMs / 1_000)
  const mebibytes = (bytes: number | undefined) => (bytes === undefined ? '–' : (bytes / MIB).toFixed(1)).padStart(6)
  const percent = (share: number) => `${Math.round(share * 100)} %`.padStart(5)
  const refused = [...sample.refusals].map(([code, count]) => `${code} ${count}`).sort()
  return [
    `${String(Math.floor(seconds / 60)).padStart(3)}:${String(seconds % 60).padStart(2, '0')}`,
    `rss ${mebibytes(sample.rss)} live ${mebibytes(sample.live)} wal ${mebibytes(sample.wal)} db ${mebibytes(sample.database)} MiB`,
    `fds ${String(sample.descriptors ?? '–').padStart(4)}`,
    `${sample.eventsPerSecond.toFixed(0).padStart(4)} events/s ${sample.callsPerSecond.toFixed(0).padStart(4)} calls/s`,
    `cpu ${percent(sample.busShare)} bus ${percent(sample.agentsShare)} agents`,
    `p50 ${sample.p50Ms.toFixed(2)} p99 ${sample.p99Ms.toFixed(2)} ms`,
    `${sample.streams} streams`,
    refused.length === 0 ? 'none refused' : `refused: ${refused.join(', ')}`,
  ].join('  ')
}
