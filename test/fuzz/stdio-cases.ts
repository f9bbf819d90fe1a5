import fc from 'fast-check'
import type { FieldSchema } from './document.ts'
import { nearlyValidValue, strangeName, validValue, wildJson } from './values.ts'

/** What a client writes, most of it so short that a counterexample can be read. */
export type Piece =
  /** A request as it has to be, and so one that has to be answered. Gets an id of its own when it is written. */
  | { readonly kind: 'request'; readonly method: string; readonly params: unknown }
  /** Any line, right or wrong. */
  | { readonly kind: 'line'; readonly text: string }
  /** A line that is cut, wherever that is, also within a character. */
  | { readonly kind: 'cut'; readonly text: string; readonly bytes: number }
  /** A line without sense, so many MiB of it. */
  | { readonly kind: 'long'; readonly mib: number; readonly start: string }
  /** So many requests at once. */
  | { readonly kind: 'flood'; readonly count: number }
  /** A call whose arguments nest. */
  | { readonly kind: 'deep'; readonly depth: number }

export interface StdioCase {
  /** What the client says first; undefined for one that forgets to. */
  readonly opening: 'legacy' | 'modern' | undefined
  readonly pieces: readonly Piece[]
  /** How many bytes are written at a time. */
  readonly chunkBytes: number
  /** What stands at the end of the input, without an end of its own. */
  readonly remainder: string
}

export interface ListedTool {
  readonly name: string
  readonly inputSchema: { readonly properties?: Readonly<Record<string, FieldSchema>> }
}

const known = {
  lane: ['feeds', 'own'],
  lanes: [['feeds'], ['feeds', 'own']],
  owner: ['ann', 'bob'],
  sender: ['ann', 'bob'],
  fence: [1, 2],
  topic: ['converge'],
  id: [1, 2, 3],
  message_id: [1, 2, 3],
}

function toolCall({ name, inputSchema }: ListedTool): fc.Arbitrary<Piece> {
  const fields = Object.entries(inputSchema.properties ?? {}).map(([field, schema]) =>
    fc
      .oneof(
        { weight: 6, arbitrary: validValue(field, schema, known).map((value) => [[field, value]]) },
        { weight: 4, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: nearlyValidValue(schema).map((value) => [[field, value]]) },
      )
      .map((entries) => Object.fromEntries(entries)),
  )
  const strange = fc.oneof(
    { weight: 9, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.dictionary(strangeName, fc.jsonValue(), { maxKeys: 2 }) },
  )
  return fc.tuple(strange, ...fields).map((parts) => ({
    kind: 'request',
    method: 'tools/call',
    params: { name, arguments: Object.assign({}, ...parts) },
  }))
}

const method = fc.oneof(
  fc.constantFrom(
    'ping',
    'tools/list',
    'tools/call',
    'resources/list',
    'resources/read',
    'resources/templates/list',
    'resources/subscribe',
    'prompts/list',
    'prompts/get',
    'completion/complete',
    'initialize',
    'server/discover',
    'logging/setLevel',
    'notifications/initialized',
  ),
  strangeName,
)

/** Without `_meta`: what is wrong there makes of a request no message of MCP, which the SDK drops. */
const params = fc.oneof(
  fc.constant({}),
  fc.constantFrom({ uri: 'bus://status' }, { uri: 'bus://lanes/feeds' }, { uri: 'file:///etc/passwd' }, { name: 'x' }),
  fc.dictionary(fc.oneof(fc.constantFrom('name', 'arguments', 'uri', 'cursor'), strangeName), fc.jsonValue(), {
    maxKeys: 3,
  }),
)

const anyId = fc.constantFrom<unknown>(1, 1, 2, 0, -1, 1.5, 1e300, '', '1', '__proto__', null, true, [], {})

/** Messages of which some member is not as it has to be. */
const nearlyMessage = fc
  .record(
    {
      jsonrpc: fc.constantFrom<unknown>('2.0', '2.0', '2.0', '1.0', '2.00', 2, null),
      id: anyId,
      method: fc.oneof<fc.Arbitrary<unknown>[]>(method, fc.constantFrom(null, 1, [], {})),
      params: fc.oneof<fc.Arbitrary<unknown>[]>(params, fc.jsonValue()),
      result: fc.jsonValue(),
      error: fc.constantFrom<unknown>({ code: 1, message: 'x' }, null, 'x'),
    },
    { requiredKeys: [] },
  )
  .map((message) => JSON.stringify(message))

const notification = fc
  .record({
    method: fc.constantFrom(
      'notifications/initialized',
      'notifications/cancelled',
      'notifications/progress',
      'notifications/roots/list_changed',
      'notifications/nothing',
    ),
    params: fc.oneof(params, fc.record({ requestId: anyId }), fc.record({ progressToken: anyId, progress: fc.nat() })),
  })
  .map((message) => JSON.stringify({ jsonrpc: '2.0', ...message }))

const HARD_LINES = [
  '',
  '\r',
  '\ufeff',
  '\ufeff{"jsonrpc":"2.0","id":1,"method":"ping"}',
  '{"jsonrpc":"2.0","id":1,"method":"ping"}\r',
  '[]',
  '[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"ping"}]',
  '{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":2,"method":"ping"}',
  '{"jsonrpc":"2.0","id":99,"result":{}}',
  '{"jsonrpc":"2.0","id":99,"error":{"code":-32000,"message":"nobody asked"}}',
  '{"__proto__":{"jsonrpc":"2.0","id":1,"method":"ping"}}',
  '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"__proto__","arguments":{}}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"constructor"}}',
  '{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"\\ud800"}}',
  '{"jsonrpc":"2.0","id":1e400,"method":"ping"}',
  'Content-Length: 40',
  'GET / HTTP/1.1',
  '\u0000\u001b[2J',
]

const line: fc.Arbitrary<Piece> = fc
  .oneof(nearlyMessage, notification, wildJson, fc.constantFrom(...HARD_LINES))
  .map((text) => ({ kind: 'line', text: text.replaceAll('\n', ' ') }))

const cut: fc.Arbitrary<Piece> = fc.record({
  kind: fc.constant('cut' as const),
  text: fc.constant('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"é🚌é🚌","arguments":{}}}'),
  bytes: fc.nat({ max: 90 }),
})

const deep: fc.Arbitrary<Piece> = fc.constantFrom(10, 33, 1_000, 20_000).map((depth) => ({ kind: 'deep', depth }))
const flood: fc.Arbitrary<Piece> = fc.constantFrom(10, 500).map((count) => ({ kind: 'flood', count }))
const long: fc.Arbitrary<Piece> = fc.record({
  kind: fc.constant('long' as const),
  mib: fc.constantFrom(1, 4, 9),
  start: fc.constantFrom('', '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"'),
})

/** @param tools As the server lists them. */
export function piecesOf(tools: readonly ListedTool[]): fc.Arbitrary<Piece> {
  const [first, ...others] = tools.map(toolCall)
  if (!first) throw new Error('there are no tools')
  const request = fc.record({ kind: fc.constant('request' as const), method, params })
  return fc.oneof(
    { weight: 8, arbitrary: fc.oneof(first, ...others) },
    { weight: 6, arbitrary: request },
    { weight: 12, arbitrary: line },
    { weight: 2, arbitrary: cut },
    { weight: 1, arbitrary: deep },
    { weight: 1, arbitrary: flood },
    { weight: 1, arbitrary: long },
  )
}

/** @param tools As the server lists them. */
export function stdioCases(tools: readonly ListedTool[]): fc.Arbitrary<StdioCase> {
  return fc.record({
    opening: fc.constantFrom('legacy' as const, 'legacy' as const, 'modern' as const, undefined),
    pieces: fc.array(piecesOf(tools), { minLength: 1, maxLength: 30, size: 'max' }),
    chunkBytes: fc.constantFrom(65_536, 65_536, 1_000, 7),
    remainder: fc.constantFrom('', '{"jsonrpc":"2.0","id":1,"method":"pi', '{"x":"é'),
  })
}
