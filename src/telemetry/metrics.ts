import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { BoundOperation } from '../core/capability.ts'
import type { Log } from '../core/context.ts'
import type { StoreSize } from '../core/database.ts'
import { AppError } from '../core/errors.ts'
import { once } from '../core/once.ts'
import { asksToWait } from '../core/waits.ts'
import type { Exchange, Outcome, RequestObserver } from '../surfaces/http/observe.ts'

/**
 * The figures of a bus. Names follow the semantic conventions of OpenTelemetry where they have one, written as Prometheus
 * writes them. No label has more values than there are routes, operations, error codes or states: no name of an agent, a
 * lane or a topic is ever one.
 */
export interface Metrics {
  readonly observer: RequestObserver
  /** The same operations, each call of them counted and timed. */
  watch(operations: readonly BoundOperation[]): readonly BoundOperation[]
  /** The same log, with every error counted by what it is of: whoever watches this figure misses no alarm. */
  watchLog(log: Log): Log
  /** A commit of the store, with so many bodies in it. */
  readonly committed: (bodies: number, seconds: number) => void
  /** The process could not run for so long. */
  readonly stalled: (seconds: number) => void
  /** In Prometheus' text format, with what is read for it. */
  text(readings: Readings): Promise<string>
}

/** What is read when the figures are asked for. */
export interface Readings {
  /** Each is a gauge of its own, by its name and for people. */
  readonly counts: readonly Reading[]
  /** What the store holds; rejects when it cannot be read. */
  readonly readStore: () => Promise<{ readonly counts: readonly Reading[]; readonly size: StoreSize }>
}

export interface Reading {
  readonly name: string
  readonly help: string
  readonly value: number
}

/** Up to ten seconds, most of them where a healthy bus answers. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const BODIES = [1, 2, 5, 10, 20, 50, 100, 200, 512]

/** Told as 0 from the beginning: a figure that appears with its first fault has not risen, for whoever watches for that. */
const FAULTS = [
  'invariant violated',
  'operation failed',
  'request failed',
  'tool failed',
  'chore failed',
  'database file lost',
]

/** How long the event loop is watched before the first answer, in milliseconds: of one that nobody watched yet all figures are odd. */
const FIRST_LOOK_MS = 50

/** As the first bus and nginx have it: nobody reads the answer any more. */
const ABANDONED = 499

export function createMetrics(version: string): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Requests by route and status. waited: those that were asked to wait, and streams.',
    labelNames: ['http_request_method', 'http_route', 'http_response_status_code', 'waited'],
    buckets: SECONDS,
    registers,
  })
  const active = new Gauge({ name: 'http_server_active_requests', help: 'Requests under way.', registers })
  const operations = new Histogram({
    name: 'bus_operation_duration_seconds',
    help: 'Operations of all ways in, by outcome: ok, or the code of the refusal. waited: those that were asked to wait.',
    labelNames: ['operation', 'outcome', 'waited'],
    buckets: SECONDS,
    registers,
  })
  const commits = new Histogram({
    name: 'bus_store_commit_duration_seconds',
    help: 'Commits of the store, with their sync.',
    buckets: SECONDS,
    registers,
  })
  const bodies = new Histogram({
    name: 'bus_store_commit_writes',
    help: 'Writes that shared a commit.',
    buckets: BODIES,
    registers,
  })
  const faults = new Counter({
    name: 'bus_faults_total',
    help: 'Errors that were logged, by event. Each is worth a look.',
    labelNames: ['event'],
    registers,
  })
  const stalls = new Counter({
    name: 'bus_stalled_seconds_total',
    help: 'How long the process could do nothing: its event loop was blocked, or the machine did not let it run.',
    registers,
  })
  for (const event of FAULTS) faults.labels(event).inc(0)
  new Gauge({ name: 'bus_build_info', help: 'Always 1; the version.', labelNames: ['version'], registers })
    .labels(version)
    .set(1)
  const collect = createCollect(registry)
  // Of the process; from the first time that somebody asks, for to watch the garbage collector costs something.
  const watchProcess = once(() => beginToWatchProcess(registry))
  return {
    observer: {
      began: () => active.inc(),
      ended: (exchange, outcome) => {
        active.dec()
        requests.labels(...toRequestLabels(exchange, outcome)).observe(outcome.seconds)
      },
    },
    watch: (bound) => bound.map((entry) => watchOperation(entry, operations)),
    watchLog: (log) => ({
      ...log,
      error: (event, error, fields) => {
        faults.labels(event).inc()
        log.error(event, error, fields)
      },
    }),
    committed: (count, seconds) => {
      commits.observe(seconds)
      bodies.observe(count)
    },
    stalled: (seconds) => stalls.inc(seconds),
    text: async (readings) => {
      await watchProcess()
      await collect(readings)
      return registry.metrics()
    },
  }
}

async function beginToWatchProcess(register: Registry): Promise<void> {
  collectDefaultMetrics({ register })
  await new Promise((resolve) => setTimeout(resolve, FIRST_LOOK_MS))
}

function toRequestLabels({ method, route, waited }: Exchange, { status, isAbandoned }: Outcome): string[] {
  return [method, route, String(isAbandoned && !waited ? ABANDONED : status), String(waited)]
}

function watchOperation(bound: BoundOperation, histogram: Histogram): BoundOperation {
  const { operation } = bound
  const timed = async <T>(input: unknown, carryOut: () => Promise<T>): Promise<T> => {
    const beganAt = performance.now()
    const tell = (outcome: string) =>
      histogram.labels(operation.id, outcome, String(asksToWait(input))).observe((performance.now() - beganAt) / 1000)
    try {
      const answer = await carryOut()
      tell('ok')
      return answer
    } catch (error) {
      tell(error instanceof AppError ? error.code : 'internal')
      throw error
    }
  }
  return {
    operation,
    run: (input, bus, request) => timed(input, () => bound.run(input, bus, request)),
    write: (input, bus, request) => timed(input, () => bound.write(input, bus, request)),
  }
}

/** Sets the gauges of what is read only when somebody asks. A store that cannot be read is a figure, too, and no failure. */
function createCollect(registry: Registry): (readings: Readings) => Promise<void> {
  const registers = [registry]
  const isUp = new Gauge({ name: 'bus_store_up', help: '1 when the store could be read for this answer.', registers })
  const files = new Gauge({
    name: 'bus_store_size_bytes',
    help: 'Of the database, and of its write-ahead log.',
    labelNames: ['part'],
    registers,
  })
  const gauges = new Map<string, Gauge>()
  const set = ({ name, help, value }: Reading) => {
    const gauge = gauges.get(name) ?? new Gauge({ name, help, registers })
    gauges.set(name, gauge)
    gauge.set(value)
  }
  return async ({ counts, readStore }) => {
    for (const reading of counts) set(reading)
    try {
      const store = await readStore()
      for (const reading of store.counts) set(reading)
      for (const [part, bytes] of Object.entries(store.size)) files.labels(part).set(bytes)
      isUp.set(1)
    } catch {
      isUp.set(0)
    }
  }
}
