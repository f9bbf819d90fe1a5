import { METHODS } from 'node:http'
import fc from 'fast-check'
import type { FieldSchema, FuzzedOperation } from './document.ts'
import { type Known, nearlyValidValue, strangeName, validValue, wildJson, wildText } from './values.ts'

/** A request as it goes over the wire. What fast-check shows of a counterexample is all that there is to it. */
export interface HttpCase {
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body?: string
  /** A byte for each character, which for most is no UTF-8. */
  readonly isLatin1?: boolean
  /** Only so many bytes of the body are sent, and then the connection ends. */
  readonly cutAt?: number
}

interface Field {
  readonly name: string
  readonly where: 'path' | 'query' | 'body'
  readonly isRequired: boolean
  readonly schema: FieldSchema
}

interface Filled {
  readonly name: string
  readonly where: Field['where']
  /** As JSON has it. */
  readonly json: string
  /** As it stands in a path or a query, encoded. */
  readonly text: string
}

type Draft = Omit<HttpCase, 'path' | 'body'> & { readonly fields: readonly Filled[]; readonly mangle: Mangle }
type Mangle = (body: string) => string

function listFields({ parameters, body }: FuzzedOperation): Field[] {
  const inBody = Object.entries(body?.properties ?? {}).map(
    ([name, schema]): Field => ({ name, where: 'body', isRequired: body?.required.includes(name) ?? false, schema }),
  )
  return [...parameters.map((one): Field => ({ ...one, where: one.in, isRequired: one.required })), ...inBody]
}

const fill = ({ name, where }: Field, value: unknown): Filled => ({
  name,
  where,
  json: Object.is(value, -0) ? '-0' : JSON.stringify(value),
  text: encode(typeof value === 'string' ? value : JSON.stringify(value)),
})

/** A lone surrogate becomes what stands for it in UTF-8. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

/** What no encoder writes. */
const rawEncoded = fc.constantFrom(
  '%',
  '%zz',
  '%00',
  '%E0%A4%A',
  '%ED%A0%80',
  '%C0%AF',
  '+',
  '%2F',
  '%2e%2e',
  '1%00',
  '',
)

function wildField(field: Field): fc.Arbitrary<Filled> {
  const encoded = fc.oneof({ weight: 3, arbitrary: wildText.map(encode) }, { weight: 1, arbitrary: rawEncoded })
  return fc.record({ json: wildJson, text: encoded }).map(({ json, text }) => ({ ...field, json, text }))
}

const OPTIONAL_PERCENT = 30

function validFields(operation: FuzzedOperation, known: Known): fc.Arbitrary<readonly Filled[]> {
  const each = listFields(operation).map((field) => {
    const filled = validValue(field.name, field.schema, known).map((value) => [fill(field, value)])
    if (field.isRequired) return filled
    const none = fc.constant<Filled[]>([])
    return fc.oneof(
      { weight: 100 - OPTIONAL_PERCENT, arbitrary: none },
      { weight: OPTIONAL_PERCENT, arbitrary: filled },
    )
  })
  return fc.tuple(...each).map((lists) => lists.flat())
}

/** Valid but for one of them: broken, missing, there twice, or of a name that nobody knows. */
function nearlyValidFields(operation: FuzzedOperation, known: Known): fc.Arbitrary<readonly Filled[]> {
  const valid = validFields(operation, known)
  const strange = fc.record({ name: strangeName, json: wildJson, text: wildText.map(encode) })
  const where = operation.body ? 'body' : 'query'
  const added = fc.tuple(valid, strange).map(([fields, one]): Filled[] => [...fields, { ...one, where }])
  const all = listFields(operation)
  const [first, ...others] = all.map((field) => {
    const broken = nearlyValidValue(field.schema).map((value) => fill(field, value))
    return fc.tuple(valid, broken, fc.constantFrom('instead', 'as well', 'left out')).map(([fields, one, how]) => {
      const rest = how === 'as well' ? fields : fields.filter(({ name }) => name !== field.name)
      return how === 'left out' && field.where !== 'path' ? rest : [...rest, one]
    })
  })
  return first === undefined ? added : fc.oneof(added, first, ...others)
}

function wildFields(operation: FuzzedOperation, known: Known): fc.Arbitrary<readonly Filled[]> {
  return validFields(operation, known).chain((valid) => {
    const each = listFields(operation).map((field) => {
      const usual = valid.find(({ name }) => name === field.name)
      const none = fc.constant(usual === undefined ? [] : [usual])
      return fc.oneof(
        none,
        wildField(field).map((one) => [one]),
      )
    })
    return fc.tuple(...each).map((lists) => lists.flat())
  })
}

const JSON_TYPE = ['content-type', 'application/json'] as const
const ACCEPT_JSON = ['accept', 'application/json'] as const

const mangle: fc.Arbitrary<Mangle> = fc.constantFrom<Mangle>(
  (body) => body.slice(0, -1),
  (body) => body.slice(0, body.length / 2),
  (body) => `${body}x`,
  (body) => `\ufeff${body}`,
  (body) => `[${body}]`,
  (body) => `${body}${body}`,
  () => '',
  () => 'null',
  () => '"text"',
  () => '7',
  (body) => body.replace('{', `{"padding":"${'x'.repeat(1024 * 1024)}",`),
)

/** All that the grammar of HTTP/1.1 lets a field's value be. */
const headerValue = fc
  .string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((code) => code !== 0x7f)
      .map((code) => String.fromCharCode(code)),
    maxLength: 40,
  })
  .map((text) => text.trim())

const headerName = fc.constantFrom(
  'accept',
  'accept-encoding',
  'accept-language',
  'authorization',
  'content-encoding',
  'content-language',
  'content-type',
  'cookie',
  'expect',
  'forwarded',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'last-event-id',
  'origin',
  'prefer',
  'range',
  'sec-fetch-site',
  'traceparent',
  'user-agent',
  'x-bus-secret',
  'x-forwarded-host',
  'x-http-method-override',
  'x-request-id',
)

const knownHeader = fc.constantFrom<readonly [string, string]>(
  ['idempotency-key', 'key-1'],
  ['idempotency-key', 'key-2'],
  ['idempotency-key', 'k'.repeat(129)],
  ['x-request-id', 'caller-1'],
  ['content-encoding', 'gzip'],
  ['content-type', 'text/plain'],
  ['content-type', 'application/json; charset=latin1'],
  ['sec-fetch-site', 'same-site'],
  ['origin', 'null'],
  ['accept', 'text/event-stream'],
  ['accept', 'image/png'],
  ['last-event-id', '1'],
  ['last-event-id', '-1'],
  ['host', 'evil.example'],
  ['connection', 'close'],
  ['expect', '100-continue'],
)

const headers = fc.array(fc.oneof(fc.tuple(headerName, headerValue), knownHeader), { maxLength: 3 })

/** CONNECT is no request to a server. */
const otherMethod = fc.constantFrom(...METHODS.filter((method) => method !== 'CONNECT'))

/** Requests to an operation: such as succeed, such as nearly do, and such as nobody thought of. */
export function casesOf(operation: FuzzedOperation, known: Known): fc.Arbitrary<HttpCase> {
  const plain = { method: operation.method, headers: [ACCEPT_JSON, JSON_TYPE], mangle: (body: string) => body }
  const valid = validFields(operation, known)
  const drafts: readonly (readonly [number, fc.Arbitrary<Draft>])[] = [
    [40, valid.map((fields) => ({ ...plain, fields }))],
    [25, nearlyValidFields(operation, known).map((fields) => ({ ...plain, fields }))],
    [15, wildFields(operation, known).map((fields) => ({ ...plain, fields }))],
    [
      10,
      fc
        .record({ fields: valid, headers })
        .map((draft) => ({ ...plain, ...draft, headers: merge(plain.headers, draft.headers) })),
    ],
    [4, fc.record({ fields: valid, method: otherMethod }).map((draft) => ({ ...plain, ...draft }))],
    [4, fc.record({ fields: valid, mangle }).map((draft) => ({ ...plain, ...draft }))],
    [1, valid.map((fields) => ({ ...plain, fields, isLatin1: true }))],
    [1, fc.record({ fields: valid, cutAt: fc.integer({ min: 0, max: 20 }) }).map((draft) => ({ ...plain, ...draft }))],
  ]
  return fc
    .oneof(...drafts.map(([weight, arbitrary]) => ({ weight, arbitrary })))
    .map((draft) => write(operation, draft))
}

/** Several requests one after another, so that one finds what another left. */
export function sequencesOf(
  operations: readonly FuzzedOperation[],
  known: Known,
): fc.Arbitrary<readonly { readonly id: string; readonly request: HttpCase }[]> {
  const steps = operations.map((operation) =>
    casesOf(operation, known).map((request) => ({ id: operation.id, request })),
  )
  return fc.array(fc.oneof(...steps), { minLength: 1, maxLength: 12 })
}

/** What is given last of a name that may be there once is what is sent. */
function merge(usual: HttpCase['headers'], given: HttpCase['headers']): HttpCase['headers'] {
  return [...new Map([...usual, ...given]).entries()]
}

function write(operation: FuzzedOperation, { fields, mangle, ...draft }: Draft): HttpCase {
  const inPath = new Map(fields.filter(({ where }) => where === 'path').map(({ name, text }) => [name, text]))
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => inPath.get(name) ?? '')
  const query = fields.filter(({ where }) => where === 'query').map(({ name, text }) => `${encode(name)}=${text}`)
  const whole = { ...draft, path: query.length > 0 ? `${path}?${query.join('&')}` : path }
  if (operation.body === undefined || draft.method === 'GET' || draft.method === 'HEAD') {
    const { cutAt: _, ...rest } = whole
    return rest
  }
  const members = fields
    .filter(({ where }) => where === 'body')
    .map(({ name, json }) => `${JSON.stringify(name)}:${json}`)
  return { ...whole, body: mangle(`{${members.join(',')}}`) }
}
