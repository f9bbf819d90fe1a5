import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

/** A field's schema as far as values are made from it. */
export interface FieldSchema {
  readonly type?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly enum?: readonly unknown[]
  readonly items?: FieldSchema
  readonly minItems?: number
  readonly maxItems?: number
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
  readonly schema: FieldSchema
}

export interface BodySchema {
  readonly properties: Readonly<Record<string, FieldSchema>>
  readonly required: readonly string[]
}

interface DocumentedOperation {
  readonly operationId: string
  readonly parameters: readonly Parameter[]
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: BodySchema } } }
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, unknown>> }>>
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>
}

/** An operation as its document tells of it. */
export interface FuzzedOperation {
  readonly id: string
  readonly method: string
  /** With `{name}` for its parameters. */
  readonly path: string
  readonly parameters: readonly Parameter[]
  readonly body: BodySchema | undefined
  /** What is wrong with an answer, a line each; nothing for one that is as documented. */
  judge(status: number, contentType: string, body: unknown): string[]
}

/** What the document says, and nothing that only the program knows. */
export interface FuzzedApi {
  readonly operations: readonly FuzzedOperation[]
  /** Judges an answer to a method that the document does not have at that path. */
  judgeRefusal(body: unknown): string[]
}

/** Reads the document that a bus serves. */
export async function readApi(origin: string): Promise<FuzzedApi> {
  const response = await fetch(`${origin}/openapi.json`)
  return createApi((await response.json()) as OpenApi) // What it says is held against its answers.
}

export function createApi(document: OpenApi): FuzzedApi {
  const ajv = new Ajv2020({ strict: false })
  formats.default(ajv)
  ajv.addSchema(document, 'openapi')
  const compiled = new Map<string, ValidateFunction>()
  const findFaults = (pointer: readonly string[], value: unknown): string[] => {
    const ref = `openapi#/${pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`
    const validate = compiled.get(ref) ?? ajv.compile({ $ref: ref })
    compiled.set(ref, validate)
    if (validate(value)) return []
    return [`the body is not as documented: ${ajv.errorsText(validate.errors, { dataVar: 'body' })}`]
  }
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(
      ([method, { operationId, parameters, requestBody, responses }]): FuzzedOperation => ({
        id: operationId,
        method: method.toUpperCase(),
        path,
        parameters,
        body: requestBody?.content['application/json'].schema,
        judge: (status, contentType, body) => {
          const answer = responses[status]
          if (!answer) return [`status ${status} is not documented`]
          if (!Object.hasOwn(answer.content, contentType)) return [`content type ${contentType} is not documented`]
          return findFaults(
            ['paths', path, method, 'responses', String(status), 'content', contentType, 'schema'],
            body,
          )
        },
      }),
    ),
  )
  return { operations, judgeRefusal: (body) => findFaults(['components', 'schemas', 'Error'], body) }
}
