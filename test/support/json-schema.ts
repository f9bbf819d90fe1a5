/** A JSON Schema as far as our OpenAPI document uses the language. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly allOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly pattern?: string
  readonly format?: string
}

/** Finds the schema that a `$ref` points to. */
export type Resolve = (ref: string) => Schema

/** RFC 3339 in UTC, as every moment on the wire is. */
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** What is wrong with a value, one line for each; nothing for a value that is as its schema says. */
export function findFaults(schema: Schema, value: unknown, resolve: Resolve, path = '$'): string[] {
  const types = typeof schema.type === 'string' ? [schema.type] : schema.type
  if (types && !types.some((type) => isOfType(type, value))) {
    return [`${path} is no ${types.join(' or ')}: ${JSON.stringify(value)}`]
  }
  return [
    ...findOwnFaults(schema, value, path),
    ...findChoiceFaults(schema, value, resolve, path),
    ...findInnerFaults(schema, value, resolve, path),
  ]
}

function findOwnFaults(schema: Schema, value: unknown, path: string): string[] {
  const faults: string[] = []
  if ('const' in schema && value !== schema.const) faults.push(`${path} is not ${JSON.stringify(schema.const)}`)
  if (schema.enum && !schema.enum.includes(value)) faults.push(`${path} is none of ${schema.enum.join()}`)
  if (typeof value === 'string') {
    if (schema.format === 'date-time' && !MOMENT.test(value)) faults.push(`${path} is no moment`)
    if (!new RegExp(schema.pattern ?? '').test(value)) faults.push(`${path} does not match ${schema.pattern}`)
  }
  return faults
}

function findChoiceFaults({ $ref, allOf = [], anyOf, oneOf }: Schema, value: unknown, resolve: Resolve, path: string) {
  const inner = (one: Schema) => findFaults(one, value, resolve, path)
  const countFitting = (choices: readonly Schema[]) => choices.filter((one) => inner(one).length === 0).length
  const faults = [...($ref === undefined ? [] : [resolve($ref)]), ...allOf].flatMap(inner)
  if (anyOf && countFitting(anyOf) === 0) faults.push(`${path} fits none of its anyOf`)
  if (oneOf && countFitting(oneOf) !== 1) faults.push(`${path} fits ${countFitting(oneOf)} of its oneOf`)
  return faults
}

function findInnerFaults(schema: Schema, value: unknown, resolve: Resolve, path: string): string[] {
  const { properties = {}, required = [], items = {} } = schema
  if (Array.isArray(value)) return value.flatMap((item, index) => findFaults(items, item, resolve, `${path}[${index}]`))
  if (!isObject(value)) return []
  return [
    ...required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${path}.${name} is missing`),
    ...Object.entries(properties).flatMap(([name, one]) =>
      Object.hasOwn(value, name) ? findFaults(one, value[name], resolve, `${path}.${name}`) : [],
    ),
  ]
}

/** The fields of an object at any depth that its schema does not tell of. */
export function findUndocumented(schema: Schema, value: unknown, resolve: Resolve, path = '$'): string[] {
  if (Array.isArray(value)) {
    const items = flatten(schema, resolve).map((one) => one.items ?? {})
    return value.flatMap((item, index) => findUndocumented({ allOf: items }, item, resolve, `${path}[${index}]`))
  }
  if (!isObject(value)) return []
  const parts = flatten(schema, resolve)
  return Object.entries(value).flatMap(([name, inner]) => {
    const known = parts.flatMap(({ properties = {} }) =>
      Object.hasOwn(properties, name) ? [properties[name] ?? {}] : [],
    )
    if (known.length === 0) return [`${path}.${name}`]
    return findUndocumented({ allOf: known }, inner, resolve, `${path}.${name}`)
  })
}

/** A schema with everything that it refers to and is made of. */
function flatten(schema: Schema, resolve: Resolve): Schema[] {
  const { $ref, allOf = [], anyOf = [], oneOf = [] } = schema
  const target = $ref === undefined ? [] : [resolve($ref)]
  return [schema, ...[...target, ...allOf, ...anyOf, ...oneOf].flatMap((one) => flatten(one, resolve))]
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isObject(value)
    case 'null':
      return value === null
    default:
      return typeof value === type
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
