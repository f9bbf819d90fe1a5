import { createHash } from 'node:crypto'
import { capabilities, createWriteOnce } from './capabilities/index.ts'
import { startChores } from './chores.ts'
import { type BusClient, createBusClient } from './client/index.ts'
import { type BusConfig, readBusConfig, VERSION } from './config.ts'
import { type BoundOperation, invoke } from './core/capability.ts'
import type { BusContext, Log, Settings } from './core/context.ts'
import type { Database } from './core/database.ts'
import { AppError, commonError } from './core/errors.ts'
import { listSecrets } from './core/setting-text.ts'
import { createWaits, type Waits } from './core/waits.ts'
import { API_BASE_PATH, MCP_PATH, SECRET_HEADER } from './core/wire.ts'
import { boundConnections } from './descriptors.ts'
import { createLocalTransport } from './local-transport.ts'
import { describeMcp } from './mcp-offer.ts'
import { openStore } from './open-store.ts'
import { boundOperations } from './product.ts'
import { createReadings } from './readings.ts'
import type { Clock, Stopwatch } from './store/clock.ts'
import { createGuard, type Guard, isLoopbackHost } from './surfaces/http/guard.ts'
import { bracket, listen } from './surfaces/http/listen.ts'
import { createPanelMounts } from './surfaces/http/panel-files.ts'
import { createRequestLog } from './surfaces/http/request-log.ts'
import { createHttpServer, type Mount } from './surfaces/http/server.ts'
import { createShutdown } from './surfaces/http/shutdown.ts'
import { type Call, toApiError } from './surfaces/mcp/call.ts'
import { standardChoice, type ToolChoice } from './surfaces/mcp/selection.ts'
import type { createMcpServer } from './surfaces/mcp/server.ts'
import { createMetrics, type Metrics } from './telemetry/metrics.ts'
import type { Tracing } from './telemetry/traces.ts'
import { watchProcess } from './watch-process.ts'

/** The floor of a lease. Shorter ones would lapse between two calls of any agent. */
const MIN_LEASE_MS = 1000

/** How long requests under way may take to end at shutdown. */
const SHUTDOWN_GRACE_MS = 10_000

/** What holds where a test leaves a setting out. */
const standard = readBusConfig({ env: {}, flags: {} })

export interface Bus {
  /** As in `http://127.0.0.1:8100`, or `unix:/run/user/1000/bus.sock`. */
  readonly origin: string
  /** On a socket the same as the origin, which is all that a client is told; likewise the next. */
  readonly apiUrl: string
  readonly mcpUrl: string
  /** Ends after the requests under way. A second call waits for the same end. */
  close(): Promise<void>
}

/** What a test leaves out is as when nothing is set. */
type Extras = Pick<
  BusConfig,
  | 'retainDays'
  | 'retainMessages'
  | 'allowUnsafeDurability'
  | 'listen'
  | 'maxConnections'
  | 'maxWaits'
  | 'maxStreams'
  | 'rateLimit'
> &
  ToolChoice

export interface BusOptions
  extends Omit<BusConfig, 'databaseUrl' | 'demo' | 'logLevel' | 'traceEndpoint' | keyof Extras>,
    Partial<Extras> {
  /** A file, `:memory:`, or the URL of a PostgreSQL database. */
  readonly databasePlace: string
  readonly log: Log
  /** Where what the bus does is sent as traces; nowhere when left out. */
  readonly tracing?: Tracing | undefined
  /** For tests: shorter leases than any agent should have. */
  readonly minLeaseMs?: number
  /** Makes the store's clock, given the last moment that the store wrote: for a past that is played, and for tests. */
  readonly createClock?: (notBefore: number, stopwatch: Stopwatch) => Clock
  readonly inhabitants?: Inhabitants
  /** For tests: how long no sign of life makes an outage, and what it is measured with. */
  readonly outageMs?: number
  readonly stopwatch?: Stopwatch
  /** For tests: makes the MCP servers, so that they can offer more. */
  readonly createMcpServer?: typeof createMcpServer
}

/** Who acts on the bus in its own process, as callers do from outside. */
export interface Inhabitants {
  /**
   * Before the bus listens: what is there already for its first caller.
   *
   * @param doChores Does once what the bus does from time to time; whoever plays a past says when its time has come.
   */
  settle(client: BusClient, doChores: () => Promise<void>): Promise<void>
  /** From when it listens. */
  live(): void
  /** Resolves when nobody acts any more. */
  leave(): Promise<void>
}

/**
 * Starts a bus: opens its store and listens.
 *
 * @throws {AppError} With one line for the person who started it.
 */
export async function startBus(options: BusOptions): Promise<Bus> {
  const { host, writeSecret } = options
  if (options.listen === undefined && !isLoopbackHost(host) && writeSecret === undefined) {
    throw commonError(
      'invalid_request',
      `${host} can be reached from other machines: set BUS_WRITE_SECRET, or listen on 127.0.0.1`,
    )
  }
  const { inhabitants, tracing } = options
  const { metrics, context, operations, server, mcp, stopping } = await assemble(options)
  const { database, log } = context
  const shutDown = createShutdown(server, SHUTDOWN_GRACE_MS)
  const chores = capabilities.flatMap((capability) => capability.chores ?? [])
  const doChores = async () => {
    for (const { run } of chores) await run(context)
  }
  let origin: string
  try {
    await inhabitants?.settle(createBusClient({ transport: createLocalTransport(operations, context) }), doChores)
    origin = await listen(server, options)
  } catch (error) {
    // Whatever of it fails, too: why it did not start is what a person must be told.
    await Promise.allSettled([inhabitants?.leave()])
    await Promise.allSettled([database.close()])
    throw error
  }
  // A connection that cannot be accepted would end the process. Who watches the descriptors says why.
  server.on('error', () => {})
  const stopWatching = watchProcess(log, metrics)
  const stopChores = startChores(chores, context)
  inhabitants?.live()
  let closing: Promise<void> | undefined
  const stop = async () => {
    stopping.abort()
    stopWatching()
    const users = [shutDown(), mcp.close(), stopChores(), inhabitants?.leave()]
    // Whatever of it fails: one that is not closed keeps its file locked, and the last spans are those of the end.
    const ends = [
      ...(await Promise.allSettled(users)),
      ...(await Promise.allSettled([database.close()])),
      ...(await Promise.allSettled([tracing?.close()])),
    ]
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }
  const isSocket = options.listen !== undefined
  return {
    origin,
    apiUrl: isSocket ? origin : `${origin}${API_BASE_PATH}`,
    mcpUrl: isSocket ? origin : `${origin}${MCP_PATH}`,
    close: () => {
      closing ??= stop()
      return closing
    },
  }
}

/** Makes all of a bus, which nobody can reach yet. */
async function assemble(options: BusOptions) {
  const { host, writeSecret, tracing } = options
  const metrics = createMetrics(VERSION)
  const log = metrics.watchLog(options.log)
  const opened = await openBusStore({ ...options, log }, metrics)
  const database = tracing?.watchDatabase(opened) ?? opened
  const stopping = new AbortController()
  const limits = { ...standard, ...options }
  const context = createContext({ ...options, log }, database, createWaits(limits.maxWaits, stopping.signal))
  const counted = metrics.watch(boundOperations)
  const operations = tracing?.watch(counted) ?? counted
  const guard = createGuard(
    [...options.allowedHosts, bracket(host)],
    writeSecret === undefined ? [] : listSecrets(writeSecret),
  )
  const mcp = createMcp(options, operations, context, guard)
  const http = createHttpServer({
    operations,
    context,
    guard,
    mounts: [mcp, ...createPanelMounts()],
    limits,
    observers: [metrics.observer, createRequestLog(log), ...(tracing ? [tracing.observer] : [])],
    metrics: () => metrics.text(createReadings(boundOperations, context, http)),
  })
  const { server } = http
  server.maxConnections = boundConnections(server.maxConnections)
  return { metrics, context, operations, server, mcp, stopping }
}

function openBusStore(options: BusOptions, { committed }: Metrics): Promise<Database> {
  const { databasePlace, allowUnsafeDurability, createClock, outageMs, stopwatch } = options
  return openStore({
    place: databasePlace,
    allowUnsafe: allowUnsafeDurability,
    forService: true,
    log: options.log,
    onCommit: committed,
    createClock,
    outageMs,
    stopwatch,
  })
}

function createContext(options: BusOptions, database: Database, waits: Waits): BusContext {
  return {
    database,
    log: options.log,
    waits,
    createWrite: (request, operationId, input) =>
      createWriteOnce(database, request, () => fingerprint(operationId, input)),
    settings: toSettings(options),
  }
}

/** MCP at the bus's own address. What it needs is loaded for the first who asks: to start would take a fifth longer. */
function createMcp(
  options: BusOptions,
  operations: readonly BoundOperation[],
  context: BusContext,
  guard: Guard,
): Mount & { close(): Promise<void> } {
  const { log } = context
  const callWith = (secret: string | null) => createLocalCall(operations, context, () => guard.authorizeWrite(secret))
  const mcpOptions = describeMcp(log, callWith(null), false, { ...standardChoice, ...options })
  const load = async () => {
    const [{ createCallerOf, createMcpMount }, { createMcpServer }] = await Promise.all([
      import('./surfaces/mcp/http.ts'),
      import('./surfaces/mcp/server.ts'),
    ])
    const callerOf = createCallerOf((headers) => callWith(headers.get(SECRET_HEADER)))
    const createServer = options.createMcpServer ?? createMcpServer
    return createMcpMount(
      ({ requestInfo }) => createServer(mcpOptions, callerOf, requestInfo?.headers),
      mcpOptions.feed,
      log,
    )
  }
  let mount: ReturnType<typeof load> | undefined
  return {
    path: MCP_PATH,
    handle: async (request, response) => {
      mount ??= load()
      return (await mount).handle(request, response)
    },
    close: async () => (await mount)?.close() ?? mcpOptions.feed.close(),
  }
}

function toSettings(options: BusOptions): Settings {
  const { minLeaseMs = MIN_LEASE_MS, maxLeaseSeconds, retainDays, retainMessages, writeSecret } = options
  return {
    minLeaseMs,
    maxLeaseMs: Math.round(maxLeaseSeconds * 1000),
    retainMs: retainDays === undefined ? undefined : retainDays * 24 * 60 * 60_000,
    retainMessages,
    writeSecretRequired: writeSecret !== undefined,
    version: VERSION,
  }
}

/** How long a demo keeps what happened, so that it can run for weeks. */
const DEMO_RETAIN_DAYS = 1

/** Starts a bus in memory on which synthetic agents play, with some hours behind them already. */
export async function startDemo(
  options: Omit<BusOptions, 'databasePlace' | 'createClock' | 'inhabitants'>,
): Promise<Bus> {
  const [{ createDemo }, { createClock }] = await Promise.all([import('./demo/index.ts'), import('./store/clock.ts')])
  const demo = createDemo({ onFault: (error) => options.log.error('demo failed', error) })
  return startBus({
    ...options,
    retainDays: options.retainDays ?? DEMO_RETAIN_DAYS,
    databasePlace: ':memory:',
    createClock: (notBefore, stopwatch) => demo.createClock(createClock(notBefore, stopwatch)),
    inhabitants: demo,
  })
}

/** What a request asks for, so short that it can be kept with its answer. The input is as parsed, its fields in the contract's order. */
function fingerprint(operationId: string, input: unknown): string {
  return createHash('sha256').update(operationId).update(JSON.stringify(input)).digest('base64')
}

/** Calls in the bus's own process; whoever may not write is refused as over HTTP. */
function createLocalCall(bound: readonly BoundOperation[], context: BusContext, authorizeWrite: () => void): Call {
  const byId = new Map(bound.map((entry) => [entry.operation.id, entry]))
  return async (operation, input, signal, traceparent) => {
    const requestId = crypto.randomUUID()
    try {
      const entry = byId.get(operation.id)
      if (!entry) throw new Error(`operation ${operation.id} is not part of this bus`)
      if (operation.effect === 'write') authorizeWrite()
      return { ok: true, value: await invoke(entry, input, context, { requestId, signal, traceparent }) }
    } catch (error) {
      if (error instanceof AppError) return toApiError(operation, error.status, error.toBody(requestId))
      throw error
    }
  }
}
