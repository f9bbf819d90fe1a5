import { once } from 'node:events'
import { Agent, request as send } from 'node:http'
import { initialize } from './json-rpc.ts'
import { hello } from './refusals.ts'

/** A header of a request that may come more than once, or not at all. */
type Lines = readonly string[]

/** What the bus must make of one value of one dimension, whatever the other dimensions are. */
export interface Value {
  readonly is: string
  readonly isTaken: boolean
}

export interface HostValue extends Value {
  readonly lines: Lines
}

/** @param port That of the bus. */
export function listHosts(port: string): readonly HostValue[] {
  const taken = ['127.0.0.1', `127.0.0.1:${port}`, `localhost:${port}`, 'LocalHost:1', `[::1]:${port}`, 'bus.example']
  const refused = [
    'evil.example',
    `evil.example:${port}`,
    `localhost.evil.example:${port}`,
    '127.0.0.1.evil.example',
    `localhost.:${port}`,
    `127.0.0.2:${port}`,
    '127.1',
    '2130706433',
    `0.0.0.0:${port}`,
    `[::]:${port}`,
    '::1',
    '[::ffff:127.0.0.1]',
    `localhost:${port}:${port}`,
    `localhost:${port}@evil.example`,
    `evil.example@localhost:${port}`,
    'localhost, evil.example',
    'http://localhost',
    'localhost/',
    '',
  ]
  return [
    ...taken.map((host) => ({ is: host, lines: [host], isTaken: true })),
    ...refused.map((host) => ({ is: host, lines: [host], isTaken: false })),
    { is: 'absent', lines: [], isTaken: false },
    { is: 'ours twice', lines: ['localhost', 'localhost'], isTaken: false },
    { is: 'ours and a foreign one', lines: ['localhost', 'evil.example'], isTaken: false },
    { is: 'a foreign one and ours', lines: ['evil.example', 'localhost'], isTaken: false },
  ]
}

export interface OriginValue extends Value {
  readonly linesFor: (host: string) => Lines
}

export const origins: readonly OriginValue[] = [
  { is: 'absent', isTaken: true, linesFor: () => [] },
  { is: 'our own', isTaken: true, linesFor: (host) => [`http://${host}`] },
  { is: 'our own behind TLS', isTaken: true, linesFor: (host) => [`https://${host}`] },
  ...[
    'null',
    '',
    'http://localhost:3000',
    'http://evil.example',
    'https://localhost',
    'file://',
    'moz-extension://a',
  ].map((origin) => ({ is: origin, isTaken: false, linesFor: () => [origin] })),
  { is: 'our own as a prefix', isTaken: false, linesFor: (host) => [`http://${host}.evil.example`] },
  { is: 'our own and a path', isTaken: false, linesFor: (host) => [`http://${host}/`] },
  { is: 'our own twice', isTaken: false, linesFor: (host) => [`http://${host}`, `http://${host}`] },
]

export interface SiteValue extends Value {
  readonly headers: Lines
}

export const sites: readonly SiteValue[] = [
  { is: 'absent', isTaken: true, headers: [] },
  { is: 'same-origin', isTaken: true, headers: ['sec-fetch-site', 'same-origin', 'sec-fetch-dest', 'empty'] },
  { is: 'none', isTaken: true, headers: ['sec-fetch-site', 'none', 'sec-fetch-dest', 'document'] },
  { is: 'same-site', isTaken: false, headers: ['sec-fetch-site', 'same-site'] },
  { is: 'same-site script', isTaken: false, headers: ['sec-fetch-site', 'same-site', 'sec-fetch-dest', 'script'] },
  { is: 'same-site frame', isTaken: false, headers: ['sec-fetch-site', 'same-site', 'sec-fetch-dest', 'iframe'] },
  { is: 'same-site link', isTaken: true, headers: ['sec-fetch-site', 'same-site', 'sec-fetch-dest', 'document'] },
  { is: 'cross-site', isTaken: false, headers: ['sec-fetch-site', 'cross-site'] },
  { is: 'cross-site link', isTaken: false, headers: ['sec-fetch-site', 'cross-site', 'sec-fetch-dest', 'document'] },
]

export interface TypeValue extends Value {
  readonly lines: Lines
}

export const contentTypes: readonly TypeValue[] = [
  ...['application/json', 'application/json; charset=utf-8', 'Application/JSON ;charset=UTF-8'].map((type) => ({
    is: type,
    isTaken: true,
    lines: [type],
  })),
  ...[
    'text/plain',
    'text/plain;charset=UTF-8',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/json5',
    'application/ld+json',
    'text/json',
    'text/plain; application/json',
    'application/json, text/plain',
    '',
  ].map((type) => ({ is: type, isTaken: false, lines: [type] })),
  { is: 'absent', isTaken: false, lines: [] },
]

export const JSON_TYPE: TypeValue = { is: 'application/json', isTaken: true, lines: ['application/json'] }

/** A way in, and what it answers to whoever is let in. */
export interface Way {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly body?: string
  readonly accept?: string
  readonly status: number
  readonly code?: string
}

const toJson = 'application/json, text/event-stream'

export const ways: readonly Way[] = [
  { name: 'an API read', method: 'GET', path: '/api/bus/status', status: 200 },
  { name: 'an API write', method: 'POST', path: '/api/bus/message', body: JSON.stringify(hello), status: 200 },
  {
    name: 'a call of MCP',
    method: 'POST',
    path: '/mcp',
    accept: toJson,
    body: JSON.stringify(initialize()),
    status: 200,
  },
]

const notAllowed = { status: 405, code: 'method_not_allowed' }

export const otherWays: readonly Way[] = [
  { name: 'the events', method: 'GET', path: '/api/bus/events', accept: 'text/event-stream', status: 200 },
  { name: 'the panel', method: 'GET', path: '/', status: 200 },
  { name: 'the panel’s script', method: 'GET', path: '/panel/main.js', status: 200 },
  { name: 'the panel, without its body', method: 'HEAD', path: '/', status: 200 },
  { name: 'a stream of MCP', method: 'GET', path: '/mcp', accept: 'text/event-stream', status: 405 },
  { name: 'liveness', method: 'GET', path: '/healthz', status: 200 },
  { name: 'readiness', method: 'GET', path: '/readyz', status: 200 },
  { name: 'the document', method: 'GET', path: '/openapi.json', status: 200 },
  { name: 'no route', method: 'GET', path: '/nowhere', status: 404, code: 'route_not_found' },
  { name: 'a preflight of a write', method: 'OPTIONS', path: '/api/bus/message', ...notAllowed },
  { name: 'a preflight of MCP', method: 'OPTIONS', path: '/mcp', status: 405 },
  { name: 'a preflight of the panel', method: 'OPTIONS', path: '/', ...notAllowed },
  { name: 'a write of what is only read', method: 'POST', path: '/api/bus/status', body: '{}', ...notAllowed },
]

/** One cell of the matrix. */
export interface Cell {
  readonly way: Way
  readonly host: HostValue
  readonly origin: OriginValue
  readonly site: SiteValue
  readonly type: TypeValue
}

export interface Verdict {
  readonly status: number
  /** Undefined where the answer is none of the API. */
  readonly code: string | undefined
}

/** The first that speaks against a request is what it is refused for. */
export function expectedOf(cell: Cell): Verdict {
  const verdict = judge(cell)
  return cell.way.method === 'HEAD' ? { ...verdict, code: undefined } : verdict
}

function judge({ way, host, origin, site, type }: Cell): Verdict {
  if (!host.isTaken) return { status: 421, code: 'host_not_allowed' }
  if (!origin.isTaken || !site.isTaken) return { status: 403, code: 'origin_forbidden' }
  if (type.isTaken || way.status !== 200) return { status: way.status, code: way.code }
  return { status: 415, code: way.path === '/mcp' ? undefined : 'json_required' }
}

export interface Seen extends Verdict {
  /** What the answer says to browsers of who else may read it, and what they should keep. */
  readonly allowances: readonly string[]
}

const agent = new Agent({ keepAlive: true })

/** Asks as a cell says, below every client that would add or mend a header. */
export async function askCell(origin: string, cell: Cell): Promise<Seen> {
  const { way, host, site, type } = cell
  const lines = (name: string, values: Lines) => values.flatMap((value) => [name, value])
  const headers = [
    ...lines('Host', host.lines),
    ...lines('Origin', cell.origin.linesFor(host.lines[0] ?? '')),
    ...site.headers,
    ...(way.accept === undefined ? [] : ['Accept', way.accept]),
    ...(way.body === undefined ? [] : lines('Content-Type', type.lines)),
    ...(way.body === undefined ? [] : ['Content-Length', String(Buffer.byteLength(way.body))]),
  ]
  return askExactly(origin, way, headers)
}

/** @param headers Names and values in turns, as they go over the wire. */
export async function askExactly(origin: string, way: Omit<Way, 'name' | 'status'>, headers: Lines): Promise<Seen> {
  const { hostname, port } = new URL(origin)
  const { method, path, body } = way
  const outgoing = send({ host: hostname, port, method, path, headers: [...headers], setHost: false, agent })
  outgoing.end(body)
  const [incoming] = await once(outgoing, 'response')
  const names = Object.keys(incoming.headers)
  const allowances = names.filter((name) => name.startsWith('access-control-') || name === 'set-cookie')
  const seen = { status: incoming.statusCode, allowances }
  if (incoming.headers['content-type'] === 'text/event-stream' && path !== '/mcp') {
    outgoing.destroy()
    return { ...seen, code: undefined }
  }
  incoming.setEncoding('utf8')
  let text = ''
  for await (const chunk of incoming) text += chunk
  return { ...seen, code: readCode(text) }
}

function readCode(text: string): string | undefined {
  return /^\{"detail":.*"code":"(\w+)"/.exec(text)?.[1]
}
