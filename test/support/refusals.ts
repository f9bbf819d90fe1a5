import { createFakeClock, startTestBus, type TestBus } from './bus.ts'
import { post, type RawRequest } from './raw-http.ts'

export const SECRET = 'tr0ub4dor&3'

/** One way to be refused by the bus that {@link startRefusingBus} starts. */
export interface Refusal {
  /** The id of the operation that is asked. */
  readonly operation: string
  readonly when: string
  readonly request: RawRequest
  readonly status: number
  readonly code: string
  /** The one field that `errors` must name. */
  readonly field?: string
  readonly detail?: string | RegExp
}

/**
 * An armed bus whose clock stands still. `other` holds `feeds` for 120 s more, the claim of `session-A` on `lapsed` has
 * expired, and there is one message.
 */
export async function startRefusingBus(): Promise<TestBus> {
  const clock = createFakeClock()
  const bus = await startTestBus({ createClock: () => clock.now, writeSecret: SECRET, allowedHosts: ['bus.example'] })
  await bus.client.lanes.claim({ lane: 'lapsed', owner: 'session-A', lease_s: 1 })
  clock.advance(1000)
  await bus.client.lanes.claim({ lane: 'feeds', owner: 'other', lease_s: 120 })
  await bus.client.messages.post(hello)
  return bus
}

/** Rows for `it.each`, with a name for each. */
export function named<Row extends Refusal>(rows: readonly Row[]): [name: string, row: Row][] {
  return rows.map((row) => [`${row.operation} ${row.when}: ${row.status} ${row.code}`, row])
}

/** Everything that a bus tells of its state. */
export async function describeState({ client }: TestBus): Promise<unknown> {
  const { lanes } = await client.lanes.list({ limit: 500 })
  return {
    lanes,
    // Without the refusals: those are counted a moment later.
    histories: await Promise.all(
      lanes.map(async ({ name }) => (await client.lanes.history({ lane: name, limit: 500 })).events),
    ),
    messages: await client.messages.read({ limit: 500 }),
  }
}

export const hello = { topic: 'converge', sender: 'session-A', body: 'lane merged' }

/** A write with the right secret. */
export function write(path: string, body: unknown, headers: RawRequest['headers'] = {}): RawRequest {
  return post(`/api/bus${path}`, body, { 'x-bus-secret': SECRET, ...headers })
}

function read(path: string, headers: RawRequest['headers'] = {}): RawRequest {
  return { path: `/api/bus${path}`, headers }
}

/** A right request to each operation that writes. */
export const writes: Readonly<
  Record<string, { readonly path: string; readonly body: Readonly<Record<string, unknown>> }>
> = {
  'messages.post': { path: '/message', body: hello },
  'messages.ack': { path: '/messages/1/ack', body: { sender: 'session-A' } },
  'lanes.claim': { path: '/lanes/own/claim', body: { owner: 'session-A' } },
  'lanes.heartbeat': { path: '/lanes/own/heartbeat', body: { owner: 'session-A' } },
  'lanes.release': { path: '/lanes/lapsed/release', body: { owner: 'session-A' } },
}

/** A right request to each operation that reads. */
export const reads: Readonly<Record<string, string>> = {
  'messages.read': '/messages',
  'messages.get': '/messages/1',
  'lanes.list': '/lanes',
  'lanes.get': '/lanes/feeds',
  'lanes.history': '/lanes/feeds/history',
  'lanes.timeline': '/timeline',
  'status.get': '/status',
  'status.attention': '/attention',
}

const unauthorized = Object.entries(writes).flatMap(([operation, { path, body }]): Refusal[] =>
  Object.entries({
    'without the secret': undefined,
    'with an empty secret': '',
    'with another secret': 'tr0ub4dor&4',
    'with more than the secret': `${SECRET}x`,
    'with the secret twice': [SECRET, SECRET],
  }).map(([when, secret]) => ({
    operation,
    when,
    request: write(path, body, { 'x-bus-secret': secret }),
    status: 401,
    code: 'write_secret_required',
    detail: 'missing or invalid X-Bus-Secret',
  })),
)

const intruders = [
  ...Object.entries({
    'from a foreign page': { origin: 'http://evil.example' },
    'from a sandboxed page or a file': { origin: 'null' },
    'from our name on another port': { host: 'localhost:8100', origin: 'http://localhost:9999' },
    'from our name as a mere prefix': { host: 'localhost', origin: 'http://localhost.evil.example' },
    'from another site, as the browser says': { 'sec-fetch-site': 'cross-site' },
  }).map(([when, headers]) => ({ when, headers, status: 403, code: 'origin_forbidden' })),
  ...Object.entries({
    'for a foreign host': 'evil.example',
    'for a foreign host on our port': 'evil.example:8100',
    'for a name that begins with ours': 'localhost.evil.example',
    'for a name that ends with ours': 'notbus.example',
    'for an address that is not ours': '127.0.0.2',
    'for an IPv6 address that is not ours': '[::2]:8100',
    'for a host that is no name': 'local host',
  }).map(([when, host]) => ({ when, headers: { host }, status: 421, code: 'host_not_allowed' })),
]

const foreign = intruders.flatMap(({ headers, ...rest }): Refusal[] => [
  { operation: 'status.get', request: read('/status', headers), ...rest },
  { operation: 'messages.post', request: write('/message', hello, headers), ...rest },
])

const unknown: Refusal[] = [
  { operation: 'messages.get', when: 'an id that no message has', request: read('/messages/2') },
  { operation: 'messages.ack', when: 'an id that no message has', request: write('/messages/2/ack', { sender: 'a' }) },
].map((row) => ({ ...row, status: 404, code: 'message_not_found' }))

const unclaimed: Refusal[] = [
  { operation: 'lanes.get', when: 'a lane that was never claimed', request: read('/lanes/new') },
  { operation: 'lanes.get', when: 'a lane in another case', request: read('/lanes/Feeds') },
  { operation: 'lanes.history', when: 'a lane that was never claimed', request: read('/lanes/new/history') },
].map((row) => ({ ...row, status: 404, code: 'lane_not_found' }))

/** Refusals of a lane, in the words of the first bus where it had them. */
export const conflicts: readonly (Refusal & { readonly retryAfterMs: number })[] = [
  {
    operation: 'lanes.claim',
    when: 'a lane that another holds',
    request: write('/lanes/feeds/claim', { owner: 'session-A' }),
    code: 'lane_held',
    detail: "lane 'feeds' held by 'other' (lease 120s remaining)",
    retryAfterMs: 120_000,
  },
  {
    operation: 'lanes.claim',
    when: 'a lane that another process holds under the same name',
    request: write('/lanes/feeds/claim', { owner: 'other', session: 'twin' }),
    code: 'lane_held',
    detail: "lane 'feeds' held by 'other' in another session (lease 120s remaining)",
    retryAfterMs: 120_000,
  },
  {
    operation: 'lanes.release',
    when: 'a lane that another holds',
    request: write('/lanes/feeds/release', { owner: 'session-A' }),
    code: 'lane_held',
    detail: /^lane 'feeds' held live by another owner/,
    retryAfterMs: 120_000,
  },
  {
    operation: 'lanes.heartbeat',
    when: 'a lane that another holds',
    request: write('/lanes/feeds/heartbeat', { owner: 'session-A' }),
    code: 'lane_not_held',
    detail: /^lane 'feeds' not held live by 'session-A' -- claim it instead/,
    retryAfterMs: 120_000,
  },
  {
    operation: 'lanes.heartbeat',
    when: 'a lane that nobody ever held',
    request: write('/lanes/new/heartbeat', { owner: 'session-A' }),
    code: 'lane_not_held',
    detail: /^lane 'new' not held live by 'session-A' -- claim it instead/,
    retryAfterMs: 0,
  },
  {
    operation: 'lanes.heartbeat',
    when: 'a lane whose lease has lapsed',
    request: write('/lanes/lapsed/heartbeat', { owner: 'session-A' }),
    code: 'lane_not_held',
    detail: /^lane 'lapsed' not held live by 'session-A' -- claim it instead.* lapsed at \d{4}-/,
    retryAfterMs: 0,
  },
  {
    operation: 'lanes.heartbeat',
    when: 'a tenure that is over',
    request: write('/lanes/feeds/heartbeat', { owner: 'other', fence: 0 }),
    code: 'lease_lost',
    detail: /^lane 'feeds' tenure 0 is over -- held by 'other'/,
    retryAfterMs: 120_000,
  },
].map((row) => ({ ...row, status: 409 }))

const mistyped = Object.entries(writes).flatMap(([operation, { path, body }]): Refusal[] =>
  Object.entries({
    'without a content type': undefined,
    'as plain text': 'text/plain',
    'as a form': 'application/x-www-form-urlencoded',
    'as a form with files': 'multipart/form-data; boundary=x',
    'as nearly JSON': 'application/json5',
    'as JSON among others': 'application/json, text/plain',
  }).map(([when, type]) => ({
    operation,
    when,
    request: write(path, body, { 'content-type': type }),
    status: 415,
    code: 'json_required',
  })),
)

const oversized: Refusal = {
  operation: 'messages.post',
  when: 'a body of more than 1 MiB',
  request: write('/message', { ...hello, padding: 'x'.repeat(1024 * 1024) }),
  status: 413,
  code: 'body_too_large',
}

/** Every refusal but those of fields and of bodies that are read. */
export const refusals: readonly Refusal[] = [
  ...unauthorized,
  ...foreign,
  ...unknown,
  ...unclaimed,
  ...conflicts,
  ...mistyped,
  oversized,
]
