import { describe, expect, it } from 'vitest'
import {
  askCell,
  askExactly,
  type Cell,
  contentTypes,
  expectedOf,
  JSON_TYPE,
  listHosts,
  origins,
  otherWays,
  sites,
  ways,
} from '../support/browser-matrix.ts'
import { startTestBus } from '../support/bus.ts'
import { hello } from '../support/refusals.ts'

const startBus = () => startTestBus({ allowedHosts: ['bus.example'] })

/** The cells that were answered otherwise than declared, a line each. */
async function findDeviations(origin: string, cells: readonly Cell[], expected = expectedOf): Promise<string[]> {
  const deviations: string[] = []
  for (const cell of cells) {
    const { status, code, allowances } = await askCell(origin, cell)
    const wanted = expected(cell)
    if (status === wanted.status && code === wanted.code && allowances.length === 0) continue
    const { way, host, site, type } = cell
    const what = `${way.name}, Host ${host.is}, Origin ${cell.origin.is}, site ${site.is}, type ${type.is}`
    deviations.push(`${what}: ${status} ${code} ${allowances} instead of ${wanted.status} ${wanted.code}`)
  }
  return deviations
}

/** Every Host with every Origin and every Sec-Fetch-Site. */
function listCells(origin: string): Cell[] {
  return listHosts(new URL(origin).port).flatMap((host) =>
    origins.flatMap((one) =>
      sites.flatMap((site) => ways.map((way) => ({ way, host, origin: one, site, type: JSON_TYPE }))),
    ),
  )
}

describe('the matrix of what a browser can send', () => {
  it('holds for every Host, Origin and Sec-Fetch-Site, on reads, writes and /mcp', { timeout: 120_000 }, async () => {
    const { origin, logged } = await startBus()
    const cells = listCells(origin)
    expect((await findDeviations(origin, cells)).slice(0, 9)).toEqual([])
    console.log(`browser matrix: ${cells.length} cells of Host, Origin and Sec-Fetch-Site as declared`)
    expect(logged).toEqual([])
  })

  it('holds for the other ways in, each with every Host', { timeout: 120_000 }, async () => {
    const { origin } = await startBus()
    const few = ['absent', 'our own', 'null', 'http://localhost:3000']
    const fewSites = ['absent', 'same-origin', 'same-site', 'same-site link', 'cross-site']
    const cells = listHosts(new URL(origin).port).flatMap((host) =>
      origins
        .filter(({ is }) => few.includes(is))
        .flatMap((one) =>
          sites
            .filter(({ is }) => fewSites.includes(is))
            .flatMap((site) => otherWays.map((way) => ({ way, host, origin: one, site, type: JSON_TYPE }))),
        ),
    )
    expect((await findDeviations(origin, cells)).slice(0, 9)).toEqual([])
    console.log(`browser matrix: ${cells.length} cells of the other ways in as declared`)
  })

  it('holds for every Content-Type of a write and of /mcp', { timeout: 120_000 }, async () => {
    const { origin, client } = await startBus()
    const [host] = listHosts(new URL(origin).port)
    if (!host) throw new Error('there is a Host')
    const writes = ways.filter(({ body }) => body !== undefined)
    const cells = contentTypes.flatMap((type) =>
      origins.flatMap((one) => sites.flatMap((site) => writes.map((way) => ({ way, host, origin: one, site, type })))),
    )
    expect((await findDeviations(origin, cells)).slice(0, 9)).toEqual([])
    console.log(`browser matrix: ${cells.length} cells of Content-Type as declared`)
    // Those that were refused wrote nothing.
    const written = cells.filter((cell) => cell.way.path !== '/mcp' && expectedOf(cell).status === 200)
    expect((await client.status.get({}))._meta.message_count).toBe(written.length)
  })

  it('is seen to fail where one cell is declared otherwise', async () => {
    const { origin } = await startBus()
    const cells = listCells(origin).filter(({ host }) => host.is === '127.0.0.1')
    const lenient = await findDeviations(origin, cells, (cell) =>
      expectedOf({ ...cell, site: { ...cell.site, isTaken: cell.site.is === 'same-site' || cell.site.isTaken } }),
    )
    expect(lenient).toHaveLength(3 * 3)
    expect(lenient[0]).toContain('site same-site, type application/json: 403 origin_forbidden  instead of 200')
  })
})

const OWN = 'http://localhost:8100'
const read = { method: 'GET', path: '/api/bus/status' }
const stream = { method: 'GET', path: '/api/bus/events', accept: 'text/event-stream' }
const panel = { method: 'GET', path: '/' }
const write = { method: 'POST', path: '/api/bus/message', body: JSON.stringify(hello) }
const preflight = { method: 'OPTIONS', path: '/api/bus/message' }

/** What a browser sends for what a page or a person does. */
const situations: readonly [string, typeof read & { body?: string }, Record<string, string>, number, string?][] = [
  ['The panel reads', read, { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' }, 200],
  [
    'The panel writes',
    write,
    { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json', origin: OWN },
    200,
  ],
  ['A person types the panel’s address', panel, { 'sec-fetch-site': 'none', 'sec-fetch-dest': 'document' }, 200],
  ['A program that is no browser reads', read, {}, 200],
  ['A program that is no browser writes and does not say what', write, {}, 415, 'json_required'],
  [
    'A page on another port of this machine reads with fetch',
    read,
    { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'empty' },
    403,
    'origin_forbidden',
  ],
  [
    'It reads blindly, without an Origin',
    read,
    { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'empty' },
    403,
    'origin_forbidden',
  ],
  [
    'It holds a stream of events open blindly',
    stream,
    { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'empty' },
    403,
    'origin_forbidden',
  ],
  [
    'It loads the API as a script',
    read,
    { 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'script' },
    403,
    'origin_forbidden',
  ],
  [
    'It shows the panel in a frame',
    panel,
    { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    403,
    'origin_forbidden',
  ],
  [
    'It links to the panel',
    panel,
    { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    200,
  ],
  [
    'It sends a form as if that were a link',
    write,
    {
      origin: 'http://localhost:3000',
      'sec-fetch-site': 'same-site',
      'sec-fetch-dest': 'document',
      'content-type': 'text/plain',
    },
    403,
    'origin_forbidden',
  ],
  [
    'It asks whether it may write',
    preflight,
    { origin: 'http://localhost:3000', 'access-control-request-method': 'POST', 'sec-fetch-site': 'same-site' },
    403,
    'origin_forbidden',
  ],
  [
    'A page elsewhere writes with a simple request',
    write,
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'content-type': 'text/plain' },
    403,
    'origin_forbidden',
  ],
  ['A page elsewhere links to the panel', panel, { 'sec-fetch-site': 'cross-site' }, 403, 'origin_forbidden'],
  ['A sandboxed page or a file writes', write, { origin: 'null' }, 403, 'origin_forbidden'],
  [
    'A page that points its own name here (DNS rebinding) reads',
    read,
    { host: 'evil.example:8100', 'sec-fetch-site': 'same-origin' },
    421,
    'host_not_allowed',
  ],
  [
    'It writes, of its own origin for all that the browser knows',
    write,
    {
      host: 'evil.example:8100',
      origin: 'http://evil.example:8100',
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/json',
    },
    421,
    'host_not_allowed',
  ],
  // It cannot read the answer, and a read changes nothing.
  ['A page in a browser of before 2023 reads blindly', read, {}, 200],
]

describe('what a browser sends', () => {
  it.each(situations)('%s: as declared', async (_, way, headers, status, code) => {
    const { origin } = await startBus()
    const length = way.body === undefined ? {} : { 'content-length': String(way.body.length) }
    const lines = Object.entries({ host: 'localhost:8100', ...headers, ...length }).flat()
    expect(await askExactly(origin, way, lines)).toEqual({ status, code, allowances: [] })
  })
})
