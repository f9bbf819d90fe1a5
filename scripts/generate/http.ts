import { commonErrors, errorKinds } from '../../src/core/errors.ts'
import { type JsonSchema, toJsonSchema } from '../../src/core/json-schema.ts'
import type { AnyOperation } from '../../src/core/operation.ts'
import {
  AGENT_HEADER,
  IDEMPOTENCY_HEADER,
  MAX_REQUEST_BYTES,
  MCP_PATH,
  REPLAYED_HEADER,
  REQUEST_ID_HEADER,
  SECRET_HEADER,
} from '../../src/core/wire.ts'
import { clientSettings } from '../../src/settings.ts'
import { serverDocuments } from '../../src/surfaces/http/documents.ts'
import { ERROR_SCHEMA, listCommonErrors } from '../../src/surfaces/http/openapi.ts'
import { CALLER_REQUEST_ID } from '../../src/surfaces/http/server.ts'
import { answerTable, describeCarried } from './fields.ts'
import { renderExchange } from './http-exchange.ts'
import { hasRoute, type RoutedOperation, renderRoute, toRouteHeading } from './http-route.ts'
import { anchor, code, list, page, table } from './markdown.ts'

/** docs/reference/http.md */
export function renderHttp(operations: readonly AnyOperation[]): string {
  const routed = operations.filter(hasRoute)
  const groups = [...new Set(routed.map(toGroup))]
  return page('The bus over HTTP', [
    `Everything is JSON below one base URL, ${code(clientSettings.baseUrl.standard)} unless the bus was started elsewhere. The same as an OpenAPI document: [openapi.json](openapi.json), which a bus also serves.`,
    table(
      ['Route', 'What it does', 'Effect'],
      routed.map((operation) => [
        `[${toRouteHeading(operation)}](${anchor(toRouteHeading(operation))})`,
        operation.summary,
        operation.effect,
      ]),
    ),
    '## An exchange',
    ...renderExchange(),
    '## Asking and reading',
    list(rules()),
    '## Headers',
    table(['Header', 'In', 'Meaning'], headers()),
    '## Refusals',
    'Whatever is refused answers with a status of 400 or more and this body. Decide by `code`; show `detail`. All codes: [errors.md](errors.md).',
    answerTable(ERROR_SCHEMA),
    'These codes come from around the routes; each route adds its own below.',
    table(['Status', 'Code', 'From', 'When', 'Carries'], commonRows()),
    ...groups.flatMap((group) => [
      `## ${toTitle(group)}`,
      ...routed.filter((operation) => toGroup(operation) === group).flatMap(renderRoute),
    ]),
    '## Objects',
    ...[...collectObjects(routed)].flatMap(([name, schema]) => [`### ${name}`, answerTable(schema)]),
    '## Beside the API',
    'At the root of the address, not below the base URL.',
    table(
      ['Path', 'Method', 'What it answers'],
      [
        ...serverDocuments.map(({ path, summary }) => [code(path), 'GET', summary]),
        [
          code(MCP_PATH),
          'POST',
          'MCP over Streamable HTTP: the tools of [tools.md](tools.md). What it refuses itself it refuses as JSON-RPC.',
        ],
      ],
    ),
  ])
}

function rules(): string[] {
  return [
    'A read is a GET, its fields in the query. HEAD is answered wherever GET is.',
    `A write is a POST, its fields in the body: a JSON object in UTF-8 of at most ${MAX_REQUEST_BYTES / 1024 ** 2} MiB. It reads no query.`,
    'A `{name}` in a path is a field, percent-encoded.',
    'In a path or a query a number is decimal digits, and a boolean is `true`, `false`, `1` or `0`.',
    'Fields that the bus does not know are ignored. Leave a field out rather than send null.',
    'A text is one line without control characters, and not only spaces; the `body` of a message may have tabs and line breaks.',
    'Success is status 200 with a JSON object. A field marked `?` may be absent. Expect fields that are not listed here: they are additions.',
    'A moment is RFC 3339 in UTC with milliseconds, as in `2026-01-31T12:00:00.000Z`. Every duration has its unit in its name: `_s`, `_ms`, `_seconds`.',
    `A write that got no answer may have been carried out. Asked again with the same ${showHeader(IDEMPOTENCY_HEADER)} within 24 hours it is made once, and answers as it did; without one, repeating a claim renews it, repeating a release or an acknowledgement answers \`already\`, repeating a post posts again.`,
    'A moment of the answer is of the bus’s clock. To know how long a lease lasts take `expires_in_ms` and your own monotonic clock.',
  ]
}

function headers(): string[][] {
  return [
    ['`Content-Type`', 'write', 'Must be `application/json`.'],
    [
      showHeader(SECRET_HEADER),
      `write, ${code(MCP_PATH)}`,
      'The secret of an armed bus. Never asked for by a read; ignored by a bus that is not armed.',
    ],
    [
      showHeader(REQUEST_ID_HEADER),
      'any',
      `Your own name for the request, where it matches ${code(CALLER_REQUEST_ID.source)}; else the bus makes one. Every answer has it, every refusal also as \`request_id\`, a lane’s history keeps it.`,
    ],
    [
      showHeader(IDEMPOTENCY_HEADER),
      'write',
      'Your name for this one change, 1 to 128 printable ASCII characters: the same when you ask again, another one for each change.',
    ],
    [showHeader(REPLAYED_HEADER), 'answer', '`true` when it is the answer of an earlier request with the same key.'],
    ['`Last-Event-ID`', 'a stream', 'The last event that the reader has; wins over the cursor in the query.'],
    [showHeader(AGENT_HEADER), code(MCP_PATH), 'Who acts when a tool’s arguments name nobody.'],
    ['`Retry-After`', 'answer', '`retry_after_ms` in whole seconds, rounded up.'],
    ['`Allow`', 'answer', 'With `method_not_allowed`: the methods that the route has.'],
  ]
}

function commonRows(): string[][] {
  return Object.entries(commonErrors).map(([code_, error]) => [
    String(errorKinds[error.kind].status),
    code(code_),
    describeReach(code_),
    error.summary,
    describeCarried(error),
  ])
}

/** Where one of the common codes comes from. */
export function describeReach(code: string): string {
  const isIn = (codes: readonly string[]) => codes.includes(code)
  if (isIn(listCommonErrors('read'))) return 'every route'
  return isIn(listCommonErrors('write')) ? 'every write' : 'a wrong path or method'
}

/** The objects with a name, in the order in which they are first answered. */
function collectObjects(operations: readonly RoutedOperation[]): ReadonlyMap<string, JsonSchema> {
  const objects = new Map<string, JsonSchema>()
  for (const { output } of operations) {
    for (const [name, schema] of Object.entries(toJsonSchema(output, 'output').$defs ?? {})) objects.set(name, schema)
  }
  return objects
}

function toGroup({ id }: AnyOperation): string {
  return id.split('.')[0] ?? id
}

function toTitle(group: string): string {
  return group.charAt(0).toUpperCase() + group.slice(1)
}

function showHeader(name: string): string {
  return code(name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase()))
}
