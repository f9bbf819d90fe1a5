import { Agent } from 'node:http'
import fc from 'fast-check'
import { initialize, modernRequest, request } from '../support/json-rpc.ts'
import type { HttpCase } from './http-cases.ts'
import { addTally, type Tally } from './http-fuzz.ts'
import { type HttpAnswer, sendCase } from './http-sender.ts'
import { type ListedTool, type Piece, piecesOf } from './stdio-cases.ts'

const BOTH = 'application/json, text/event-stream'

const header = fc.constantFrom<readonly [string, string]>(
  ['accept', 'application/json'],
  ['accept', 'text/event-stream'],
  ['accept', ''],
  ['content-type', 'text/plain'],
  ['content-type', 'application/json; charset=utf-16'],
  ['content-encoding', 'gzip'],
  ['mcp-protocol-version', '2025-06-18'],
  ['mcp-protocol-version', '2026-07-28'],
  ['mcp-protocol-version', '1999-01-01'],
  ['mcp-method', 'ping'],
  ['mcp-method', 'tools/call'],
  ['mcp-name', '__proto__'],
  ['mcp-session-id', 'nobody'],
  ['mcp-session-id', ''],
  ['last-event-id', '1'],
  ['x-bus-agent', 'ann'],
  ['x-bus-agent', '\u00ff'],
  ['x-bus-tools', 'claim_lane,nothing'],
  ['x-bus-read-only', 'perhaps'],
  ['x-bus-secret', 'x'],
  ['expect', 'nothing'],
)

/** Bodies as clients of MCP send them, right and wrong. */
function bodiesOf(tools: readonly ListedTool[]): fc.Arbitrary<string> {
  const single = piecesOf(tools).map(toBody)
  const whole = fc.constantFrom(
    initialize(),
    initialize('1999-01-01'),
    modernRequest(1, 'server/discover'),
    modernRequest(1, 'tools/list'),
  )
  return fc.oneof({ weight: 6, arbitrary: single }, { weight: 2, arbitrary: whole.map((one) => JSON.stringify(one)) })
}

function toBody(piece: Piece): string {
  switch (piece.kind) {
    case 'request':
      return JSON.stringify(request(1, piece.method, Object(piece.params)))
    case 'line':
      return piece.text
    case 'cut':
      return piece.text.slice(0, piece.bytes)
    case 'long':
      return `${piece.start}${'x'.repeat(piece.mib * 200_000)}`
    case 'flood':
      return JSON.stringify(Array.from({ length: piece.count }, (_, id) => request(id, 'ping')))
    case 'deep':
      return `{"jsonrpc":"2.0","id":1,"method":"ping","params":${'{"a":'.repeat(piece.depth)}1${'}'.repeat(piece.depth)}}`
  }
}

function casesAtMcp(tools: readonly ListedTool[]): fc.Arbitrary<HttpCase> {
  const usual = [['content-type', 'application/json'] as const, ['accept', BOTH] as const]
  return fc
    .record({
      method: fc.oneof(
        { weight: 12, arbitrary: fc.constant('POST') },
        { weight: 1, arbitrary: fc.constantFrom('GET', 'DELETE', 'PUT', 'HEAD', 'OPTIONS') },
      ),
      headers: fc.oneof(fc.constant([]), fc.array(header, { maxLength: 3 })),
      body: bodiesOf(tools),
      isLatin1: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    })
    .map(({ method, headers, body, isLatin1 }) => ({
      method,
      path: '/mcp',
      headers: [...new Map([...usual, ...headers]).entries()],
      ...(method === 'GET' || method === 'HEAD' ? {} : { body, isLatin1 }),
    }))
}

/** Sends random requests to `/mcp`, and shrinks the first that it does not bear. */
export async function fuzzMcp(
  { origin, seed }: { readonly origin: string; readonly seed: number },
  tools: readonly ListedTool[],
  cases: number,
): Promise<{ readonly tally: Tally; readonly failure: string | undefined }> {
  const tally: Tally = new Map()
  const agent = new Agent({ keepAlive: true })
  const property = fc.asyncProperty(casesAtMcp(tools), async (one) => {
    const outcome = await sendCase(origin, one, agent)
    addTally(tally, new Map([[typeof outcome === 'string' ? outcome : String(outcome.status), 1]]))
    const faults = outcome === 'gone' ? [] : outcome === 'closed' ? ['no answer'] : judgeMcp(one, outcome)
    if (faults.length > 0) throw new Error(faults.join('\n'))
  })
  const result = await fc.check(property, { numRuns: cases, seed })
  agent.destroy()
  const failure = result.failed ? `${fc.defaultReportMessage(result)}\n${result.errorInstance}` : undefined
  return { tally, failure }
}

function judgeMcp({ method }: HttpCase, { status, headers, text }: HttpAnswer): string[] {
  const faults: string[] = []
  if (status >= 500) faults.push(`status ${status}: ${text}`)
  if (/\n\s+at |\\n\s+at /.test(text)) faults.push('a stack is shown')
  if (/internal error/i.test(text)) faults.push(`a fault of the bus: ${text}`)
  for (const name of Object.keys(headers)) if (name.startsWith('access-control-')) faults.push(`${name} is sent`)
  if (text === '' || method === 'HEAD' || headers['content-type'] === 'text/event-stream') return faults
  try {
    JSON.parse(text)
  } catch {
    faults.push(`no JSON: ${text}`)
  }
  return faults
}
