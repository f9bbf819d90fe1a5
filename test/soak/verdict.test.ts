import { describe, expect, it } from 'vitest'
import { MIB, type Sample } from './samples.ts'
import { type Course, fitSlope, judge } from './verdict.ts'

const MINUTE_MS = 60_000

function sample(minute: number, changed: Partial<Sample> = {}): Sample {
  return {
    ...{ atMs: minute * MINUTE_MS, life: 0, rss: 100 * MIB, live: 30 * MIB, descriptors: 200, wal: 16 * MIB },
    ...{ database: 20 * MIB, busShare: 0.4, agentsShare: 0.2, eventsPerSecond: 100, callsPerSecond: 300 },
    ...{ p50Ms: 1, p99Ms: 10, streams: 12, refusals: new Map(), ...changed },
  }
}

/** Half an hour, and what is judged badly of it. */
function failuresOf(change: (minute: number) => Partial<Sample>, course: Partial<Course> = {}): string[] {
  const samples = Array.from({ length: 30 }, (_, minute) => sample(minute, change(minute)))
  const whole = { samples, warmUpMs: 6 * MINUTE_MS, durationMs: 30 * MINUTE_MS, alarms: 0 }
  return judge({ ...whole, descriptors: { before: 20, after: 22 }, ...course }).flatMap(({ name, isMet }) =>
    isMet === false ? name : [],
  )
}

describe('the verdict on a soak', () => {
  it('is good when all stays as it is, whatever happens in the warm-up and after the bus was killed', () => {
    expect(failuresOf(() => ({}))).toEqual([])
    expect(failuresOf((minute) => (minute < 6 ? { rss: minute * 10 * MIB, live: minute * 5 * MIB } : {}))).toEqual([])
    expect(failuresOf((minute) => (minute > 26 ? { life: 1, rss: 500 * MIB, live: 500 * MIB } : {}))).toEqual([])
  })

  it.each<[string, (minute: number) => Partial<Sample>]>([
    ['memory that is reachable', (minute) => ({ live: (30 + minute * 0.12) * MIB })],
    ['memory of the process (RSS) after a collection', (minute) => ({ rss: (100 + minute * 0.12) * MIB })],
    ['open descriptors', (minute) => ({ descriptors: 200 + minute * 2 })],
    ['largest WAL', (minute) => ({ wal: (minute === 20 ? 80 : 16) * MIB })],
    ['p99 of the last third, of that of the first', (minute) => ({ p99Ms: minute < 20 ? 10 : 25 })],
  ])('is bad when this grows: %s', (name, change) => {
    expect(failuresOf(change)).toEqual([name])
  })

  it('is bad after one alarm, and when agents that left are still connected', () => {
    expect(failuresOf(() => ({}), { alarms: 1 })).toEqual(['alarms'])
    expect(failuresOf(() => ({}), { descriptors: { before: 20, after: 40 } })).toEqual([
      'descriptors left open when all agents had gone',
    ])
  })

  it('says nothing of slopes after a short run, and of what the system does not tell', () => {
    const durationMs = 5 * MINUTE_MS
    expect(failuresOf((minute) => ({ live: minute * MIB, p99Ms: minute }), { durationMs })).toEqual([])
    const unknown = { rss: undefined, live: undefined, descriptors: undefined }
    expect(failuresOf(() => unknown, { descriptors: { before: undefined, after: undefined } })).toEqual([])
  })

  it('finds the slope of a line, also between points that scatter', () => {
    expect(fitSlope([1, 2, 3].map((x) => ({ x, y: 5 + 2 * x }))).slope).toBeCloseTo(2)
    const scattered = fitSlope([0, 1, 2, 3].map((x) => ({ x, y: x % 2 })))
    expect(scattered.slope).toBeCloseTo(0.2)
    // By hand: the squares of what is left are 0.8, with two degrees of freedom, over a spread of 5.
    expect(scattered.error).toBeCloseTo(Math.sqrt(0.08))
  })

  it('does not take scatter for a leak, and still finds a leak in it', () => {
    const scatter = (minute: number) => ((minute * 7919) % 13) * MIB
    expect(failuresOf((minute) => ({ rss: 100 * MIB + scatter(minute) }))).toEqual([])
    expect(failuresOf((minute) => ({ rss: (100 + minute) * MIB + scatter(minute) }))).toEqual([
      'memory of the process (RSS) after a collection',
    ])
  })
})
