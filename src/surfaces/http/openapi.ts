import { type CommonErrorCode, commonErrors, errorKinds } from '../../core/errors.ts'
import { type JsonSchema, toJsonSchema } from '../../core/json-schema.ts'
import type { AnyOperation, Effect, OperationError } from '../../core/operation.ts'
import { API_BASE_PATH } from '../../core/wire.ts'

type Json = Readonly<Record<string, unknown>>

/** The body of every refusal. */
export const ERROR_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    detail: { type: 'string', description: 'What happened and what to do.' },
    code: { type: 'string', description: 'Stable; the list is in docs/reference/errors.md.' },
    request_id: { type: 'string', description: 'Names the request, as X-Request-Id does; the log of the bus has it.' },
    errors: {
      type: 'array',
      description: 'invalid_request only: every problem, by field.',
      items: {
        type: 'object',
        properties: {
          path: { type: 'string', description: 'The field; empty when the whole request is meant.' },
          message: { type: 'string', description: 'What is wrong with it, and how it must be.' },
        },
        required: ['path', 'message'],
      },
    },
    retry_after_ms: {
      type: 'integer',
      description: 'How long to wait before trying again, where waiting helps; 0 when it may help at once.',
    },
  },
  required: ['detail', 'code', 'request_id'],
}

const READ_ERRORS: readonly CommonErrorCode[] = [
  'origin_forbidden',
  'rate_limited',
  'too_many_connections',
  'host_not_allowed',
  'invalid_request',
  'internal',
  'store_unavailable',
]
const WRITE_ERRORS: readonly CommonErrorCode[] = [
  ...READ_ERRORS,
  'write_secret_required',
  'body_too_large',
  'json_required',
  'invalid_json',
]

/** The codes that any route of this effect may answer with, beside those of its operation. */
export function listCommonErrors(effect: Effect): readonly CommonErrorCode[] {
  return effect === 'write' ? WRITE_ERRORS : READ_ERRORS
}

/** The OpenAPI 3.1 document of the operations that have a route. */
export function buildOpenApi(operations: readonly AnyOperation[], version: string): Json {
  const schemas: Record<string, JsonSchema> = { Error: ERROR_SCHEMA }
  const paths: Record<string, Record<string, Json>> = {}
  for (const operation of operations) {
    if (!operation.http) continue
    const path = `${API_BASE_PATH}${operation.http.path}`
    paths[path] = { ...paths[path], [operation.http.method.toLowerCase()]: describeOperation(operation, schemas) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'bus-mcp', version, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas,
      securitySchemes: { writeSecret: { type: 'apiKey', in: 'header', name: 'X-Bus-Secret' } },
    },
  }
}

function describeOperation(operation: AnyOperation, schemas: Record<string, JsonSchema>): Json {
  const input = hoist(toJsonSchema(operation.input, 'input'), schemas)
  const inPath = [...(operation.http?.path ?? '').matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')
  const inQuery =
    operation.effect === 'read' ? Object.keys(input.properties ?? {}).filter((name) => !inPath.includes(name)) : []
  return {
    operationId: operation.id,
    summary: operation.summary,
    tags: [operation.id.split('.')[0]],
    parameters: [
      ...inPath.map((name) => describeParameter(input, name, 'path')),
      ...inQuery.map((name) => describeParameter(input, name, 'query')),
    ],
    ...(operation.effect === 'write' ? describeWrite(input, inPath) : {}),
    responses: {
      '200': describeAnswer(operation, schemas),
      ...describeErrors(operation, schemas),
    },
  }
}

function describeAnswer({ output, http }: AnyOperation, schemas: Record<string, JsonSchema>): Json {
  const answer = json('Done.', hoist(toJsonSchema(output, 'output'), schemas))
  if (!http?.stream) return answer
  return {
    description:
      'As JSON where `Accept` names it; else Server-Sent Events without end, one for each entry, to go on with `Last-Event-ID`.',
    content: { ...answer.content, 'text/event-stream': { schema: { type: 'string' } } },
  }
}

function describeWrite(input: JsonSchema, inPath: readonly string[]): Json {
  const isBodyField = (name: string) => !inPath.includes(name)
  const fields = Object.entries(input.properties ?? {}).filter(([name]) => isBodyField(name))
  const required = (input.required ?? []).filter(isBodyField)
  const schema = { type: 'object', properties: Object.fromEntries(fields), required }
  return {
    requestBody: { required: required.length > 0, content: { 'application/json': { schema } } },
    // The empty one says that an unarmed bus asks for nothing.
    security: [{}, { writeSecret: [] }],
  }
}

function describeParameter(input: JsonSchema, name: string, where: 'path' | 'query'): Json {
  const { description, ...schema } = input.properties?.[name] ?? {}
  return {
    name,
    in: where,
    required: where === 'path' || (input.required ?? []).includes(name),
    ...(description === undefined ? {} : { description }),
    schema,
  }
}

function describeErrors(operation: AnyOperation, schemas: Record<string, JsonSchema>): Json {
  const errors = [
    ...listCommonErrors(operation.effect).map((code): [string, OperationError] => [code, commonErrors[code]]),
    ...Object.entries(operation.errors),
  ]
  const byStatus = new Map<number, [string, OperationError][]>()
  for (const entry of errors) {
    const { status } = errorKinds[entry[1].kind]
    byStatus.set(status, [...(byStatus.get(status) ?? []), entry])
  }
  return Object.fromEntries(
    [...byStatus].map(([status, entries]) => [
      String(status),
      json(
        entries.map(([code, { summary }]) => `\`${code}\`: ${summary}`).join(' '),
        oneOf(entries.map(([code, error]) => describeError(code, error, schemas))),
      ),
    ]),
  )
}

function describeError(code: string, { details }: OperationError, schemas: Record<string, JsonSchema>): JsonSchema {
  const base: JsonSchema = { $ref: '#/components/schemas/Error' }
  const own: JsonSchema = { type: 'object', properties: { code: { const: code } } }
  return { allOf: [base, own, ...(details ? [hoist(toJsonSchema(details, 'output'), schemas)] : [])] }
}

function oneOf(schemas: readonly JsonSchema[]): JsonSchema {
  const [only] = schemas
  return schemas.length === 1 && only ? only : { oneOf: schemas }
}

function json(description: string, schema: JsonSchema): { readonly description: string; readonly content: Json } {
  return { description, content: { 'application/json': { schema } } }
}

/** Moves the named schemas of a document to the components, and points to them there. */
function hoist(document: JsonSchema, schemas: Record<string, JsonSchema>): JsonSchema {
  const { $defs = {}, ...rest } = JSON.parse(
    JSON.stringify(document).replaceAll('#/$defs/', '#/components/schemas/'),
  ) as JsonSchema // Only the targets of its references are other ones.
  Object.assign(schemas, $defs)
  return rest
}
