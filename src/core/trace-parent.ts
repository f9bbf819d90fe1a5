/** Where a trace comes from: the step of another process that this one is a part of. */
export interface TraceParent {
  readonly traceId: string
  readonly spanId: string
  /** Bit 0: the trace is recorded. */
  readonly traceFlags: number
}

/** W3C Trace Context, level 1: `version-traceid-spanid-flags`. */
const TRACE_PARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})$/

/** Undefined for what is no `traceparent`: a trace then begins here. */
export function parseTraceParent(value: unknown): TraceParent | undefined {
  const [, traceId, spanId, flags] = (typeof value === 'string' && TRACE_PARENT.exec(value)) || []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) }
}
