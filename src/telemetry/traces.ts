import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Attributes,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import type { BoundOperation } from '../core/capability.ts'
import type { Log, RequestInfo } from '../core/context.ts'
import type { Database } from '../core/database.ts'
import { AppError } from '../core/errors.ts'
import { parseTraceParent, type TraceParent } from '../core/trace-parent.ts'
import type { RequestObserver } from '../surfaces/http/observe.ts'

/**
 * Spans of requests, operations and what they do in the store, sent to a collector. Attributes follow the semantic
 * conventions of OpenTelemetry; none holds the name of an agent, a lane or a topic, or anything that an agent wrote.
 */
export interface Tracing {
  readonly observer: RequestObserver
  /** The same operations, each call of them a span: of the trace that its caller named, or of the request that it came with. */
  watch(operations: readonly BoundOperation[]): readonly BoundOperation[]
  /** The same store, each turn and each read that belongs to a trace a span. */
  watchDatabase(database: Database): Database
  /** Sends what is left. */
  close(): Promise<void>
}

/** How long spans are gathered before they are sent, in milliseconds. */
const SEND_EVERY_MS = 1_000

/** How long the last spans may take to be sent, in milliseconds: a collector that is away must not keep a bus from ending. */
const LAST_SEND_MS = 2_000

/** A collector that is away is told so often at the most, in milliseconds. */
const TELL_EVERY_MS = 60_000

/**
 * Sends to where `OTEL_EXPORTER_OTLP_ENDPOINT` and the variables beside it say, which the library reads by itself, like
 * `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`. Whether a trace is recorded its beginner has said; those that begin here are.
 */
export function createTracing(version: string, log: Log): Tracing {
  tellFailures(log)
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': 'bus-mcp', 'service.version': version }))
    .merge(detectResources({ detectors: [envDetector] }))
  const provider = new TracerProvider({
    resource,
    spanProcessors: [
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), scheduledDelayMillis: SEND_EVERY_MS }),
    ],
  })
  const { begin, within, current } = createSpans(provider.getTracer('bus-mcp', version))
  const traceCall = <T>(id: string, { traceparent }: RequestInfo, run: () => Promise<T>): Promise<T> => {
    const span = begin(
      id,
      SpanKind.INTERNAL,
      { 'bus.operation': id },
      parseTraceParent(traceparent) ?? current.getStore(),
    )
    return within(span, run)
  }
  const traceStore = <T>(name: 'read' | 'write', run: () => Promise<T>): Promise<T> => {
    const parent = current.getStore()
    if (!parent) return run()
    return within(begin(`store ${name}`, SpanKind.INTERNAL, { 'db.operation.name': name }, parent), run)
  }

  return {
    observer: {
      around: async (request, exchange, answer) => {
        const { method } = exchange
        const parent = parseTraceParent(request.headers.traceparent)
        const span = begin(method, SpanKind.SERVER, { 'http.request.method': method, 'url.scheme': 'http' }, parent)
        const status = await current.run(span, answer)
        span.updateName(`${method} ${exchange.route}`)
        span.setAttributes({ 'http.route': exchange.route, 'http.response.status_code': status })
        if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
        span.end()
        return status
      },
    },
    watch: (operations) =>
      operations.map(({ operation, run, write }) => ({
        operation,
        run: (input, bus, info) => traceCall(operation.id, info, () => run(input, bus, info)),
        write: (input, bus, info) => traceCall(operation.id, info, () => write(input, bus, info)),
      })),
    watchDatabase: (database) => ({
      ...database,
      read: (body) => traceStore('read', () => database.read(body)),
      write: (body, foreseen) => traceStore('write', () => database.write(body, foreseen)),
    }),
    close: async () => {
      const late = new Promise((resolve) => setTimeout(resolve, LAST_SEND_MS).unref())
      // What could not be sent is told like every failure to send.
      await Promise.race([provider.shutdown().catch(() => {}), late])
      diag.disable()
    },
  }
}

/** Begins and ends spans, and knows the one that the code runs in at the moment. */
function createSpans(tracer: Tracer) {
  const current = new AsyncLocalStorage<Span>()

  const begin = (
    name: string,
    kind: SpanKind,
    attributes: Attributes,
    parent: Span | TraceParent | undefined,
  ): Span => {
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, toContext(parent))
    return tracer.startSpan(name, { kind, attributes }, context)
  }
  const within = async <T>(span: Span, run: () => Promise<T>): Promise<T> => {
    try {
      return await current.run(span, run)
    } catch (error) {
      markFailed(span, error)
      throw error
    } finally {
      span.end()
    }
  }
  return { begin, within, current }
}

function toContext(parent: Span | TraceParent) {
  return 'spanContext' in parent ? parent.spanContext() : { ...parent, isRemote: true }
}

/** A refusal is an answer; only a fault of ours, or of the store, is an error of the span. */
function markFailed(span: Span, error: unknown): void {
  const code = error instanceof AppError ? error.code : 'internal'
  span.setAttribute('error.type', code)
  if (!(error instanceof AppError) || error.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
}

/** The library says through this what it could not send, again and again; one line in a minute is enough. */
function tellFailures(log: Log): void {
  let toldAt = Number.NEGATIVE_INFINITY
  const tell = (message: string) => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return
    toldAt = performance.now()
    log.warn('traces not sent', { reason: message.slice(0, 200) })
  }
  const ignore = () => {}
  diag.setLogger({ error: tell, warn: ignore, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.ERROR)
}
