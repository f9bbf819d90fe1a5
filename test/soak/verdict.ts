import { MIB, type Sample } from './samples.ts'

/** What is wanted of a run. */
export interface Criterion {
  readonly name: string
  readonly value: string
  readonly wanted: string
  /** Undefined where a run is too short to say, or the system does not tell. */
  readonly isMet: boolean | undefined
}

export interface Course {
  readonly samples: readonly Sample[]
  readonly warmUpMs: number
  readonly durationMs: number
  readonly alarms: number
  /** Open descriptors before the agents came, and after they had left. */
  readonly descriptors: { readonly before: number | undefined; readonly after: number | undefined }
}

/** A slope in a shorter run is one of the warm-up, or of chance. */
const MIN_SLOPE_MS = 20 * 60_000
const TEN_MINUTES_MS = 600_000
const MAX_SLOPE_MIB = 1
const MAX_DESCRIPTOR_SLOPE = 10
/** What a process opens for good, as it comes to need it. */
const LASTING_DESCRIPTORS = 8
/** The log is copied into the database every 16 MiB, and grows on while somebody reads. */
const MAX_WAL_MIB = 64
const MAX_P99_RATIO = 2

/** Every criterion, with what came of it. Only the first process of the bus lives long enough to have a slope. */
export function judge({ samples, warmUpMs, durationMs, alarms, descriptors }: Course): Criterion[] {
  const warm = samples.filter(({ atMs, life }) => life === 0 && atMs >= warmUpMs)
  const isLong = durationMs >= MIN_SLOPE_MS
  const judged = (value: number, most: number) => (isLong && !Number.isNaN(value) ? value < most : undefined)
  const slopeOf = (name: string, pick: (sample: Sample) => number | undefined): Criterion => {
    const fitted = fitSlope(toPoints(warm, pick))
    const { slope, error } = { slope: fitted.slope / MIB, error: fitted.error / MIB }
    return {
      name,
      value: `${slope.toFixed(2)} ± ${(2 * error).toFixed(2)} MiB per 10 minutes`,
      wanted: `below ${MAX_SLOPE_MIB} MiB per 10 minutes, as far as it can be told`,
      isMet: judged(slope - 2 * error, MAX_SLOPE_MIB),
    }
  }
  const open = fitSlope(toPoints(warm, (sample) => sample.descriptors))
  const left = (descriptors.after ?? Number.NaN) - (descriptors.before ?? Number.NaN)
  const wal = Math.max(0, ...samples.map((sample) => sample.wal)) / MIB
  const { first, last } = compareThirds(warm)
  const ratio = last / first
  return [
    { name: 'alarms', value: String(alarms), wanted: '0', isMet: alarms === 0 },
    slopeOf('memory that is reachable', ({ live }) => live),
    slopeOf('memory of the process (RSS) after a collection', ({ rss }) => rss),
    {
      name: 'open descriptors',
      value: `${open.slope.toFixed(1)} ± ${(2 * open.error).toFixed(1)} more per 10 minutes`,
      wanted: `below ${MAX_DESCRIPTOR_SLOPE}, likewise`,
      isMet: judged(open.slope - 2 * open.error, MAX_DESCRIPTOR_SLOPE),
    },
    {
      name: 'descriptors left open when all agents had gone',
      value: Number.isNaN(left) ? 'not known here' : String(left),
      wanted: `at most ${LASTING_DESCRIPTORS}`,
      isMet: Number.isNaN(left) ? undefined : left <= LASTING_DESCRIPTORS,
    },
    {
      name: 'largest WAL',
      value: `${wal.toFixed(1)} MiB`,
      wanted: `below ${MAX_WAL_MIB} MiB`,
      isMet: wal < MAX_WAL_MIB,
    },
    {
      name: 'p99 of the last third, of that of the first',
      value: `${last.toFixed(2)} / ${first.toFixed(2)} ms = ${ratio.toFixed(2)} ×`,
      wanted: `below ${MAX_P99_RATIO} ×`,
      isMet: judged(ratio, MAX_P99_RATIO),
    },
  ]
}

export function describeCriterion({ name, value, wanted, isMet }: Criterion): string {
  const verdict = isMet === undefined ? 'not judged' : isMet ? 'met' : 'NOT MET'
  return `  ${name}: ${value}; wanted ${wanted}: ${verdict}`
}

interface Point {
  readonly x: number
  readonly y: number
}

function toPoints(samples: readonly Sample[], pick: (sample: Sample) => number | undefined): Point[] {
  return samples.flatMap((sample) => {
    const y = pick(sample)
    return y === undefined ? [] : [{ x: sample.atMs / TEN_MINUTES_MS, y }]
  })
}

/** By least squares, with the slope's standard error; NaN where there are not enough points. */
export function fitSlope(points: readonly Point[]): { readonly slope: number; readonly error: number } {
  const meanX = mean(points.map(({ x }) => x))
  const meanY = mean(points.map(({ y }) => y))
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread
  const rest = points.reduce((sum, { x, y }) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0)
  return { slope, error: Math.sqrt(rest / (points.length - 2) / spread) }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Medians of the samples' own p99, so that one bad moment of the machine is not the whole of a third. */
function compareThirds(samples: readonly Sample[]): { readonly first: number; readonly last: number } {
  const known = samples.filter(({ p99Ms }) => Number.isFinite(p99Ms))
  const third = Math.ceil(known.length / 3)
  const median = (some: readonly Sample[]) =>
    some.map(({ p99Ms }) => p99Ms).sort((one, other) => one - other)[Math.floor(some.length / 2)] ?? Number.NaN
  return { first: median(known.slice(0, third)), last: median(known.slice(-third)) }
}
