import type { ErrorSpec } from '../../src/core/errors.ts'
import { type JsonSchema, propertiesOf } from '../../src/core/json-schema.ts'
import type { OperationError } from '../../src/core/operation.ts'
import { anchor, code, codes, table } from './markdown.ts'

/** The page that describes the objects with a name, as seen from the page being written. Empty on that page itself. */
type ObjectsPage = '' | 'http.md'

/** The type of a field in words, with its bounds, as in `integer, 1 to 500`. */
export function describeType(schema: JsonSchema, objectsPage: ObjectsPage = ''): string {
  const { $ref, anyOf, items, type, format, enum: choices, const: only } = schema
  const describe = (inner: JsonSchema) => describeType(inner, objectsPage)
  if ($ref !== undefined) {
    const name = nameOf($ref)
    return `[${name}](${objectsPage}${anchor(name)})`
  }
  if (only !== undefined) return code(String(only))
  if (choices) return joinOr(choices.map((choice) => code(String(choice))))
  if (anyOf)
    return joinOr(anyOf.flatMap((inner) => inner.enum?.map((choice) => code(String(choice))) ?? describe(inner)))
  if (items) return `list of ${items.properties ? 'objects' : describe(items)}`
  if (format === 'date-time') return 'moment'
  // A field that may be null has two types here.
  return [[type].flat().join(' or '), ...describeBounds(schema)].join(', ')
}

function describeBounds(schema: JsonSchema): string[] {
  const { minLength, maxLength, minimum, maximum, exclusiveMinimum, pattern } = schema
  if (pattern !== undefined) return [code(String(pattern))]
  if (maxLength !== undefined) return [`${minLength ?? 0} to ${maxLength} characters`]
  if (minLength !== undefined) return ['not empty']
  if (maximum !== undefined) return [`${minimum} to ${maximum}`]
  if (minimum !== undefined) return [`${minimum} or more`]
  if (exclusiveMinimum !== undefined) return [`more than ${exclusiveMinimum}`]
  return []
}

export interface InputField {
  readonly name: string
  readonly schema: JsonSchema
  readonly isRequired: boolean
}

/** The fields of what a caller sends, in the order of the contract. */
export function listInputFields({ properties = {}, required = [] }: JsonSchema): readonly InputField[] {
  return Object.entries(properties).map(([name, schema]) => ({ name, schema, isRequired: required.includes(name) }))
}

/** Type, whether it is required, default, description: the cells that every table of inputs ends with. */
export function toInputCells({ schema, isRequired }: InputField): string[] {
  const standard = schema.default === undefined ? '' : code(JSON.stringify(schema.default))
  return [describeType(schema), isRequired ? 'yes' : 'no', standard, schema.description ?? '']
}

/** The fields of an object that is answered; those of an object or a list inside it follow it, one level down. */
export function answerTable(document: JsonSchema, objectsPage: ObjectsPage = ''): string {
  const rows = Object.entries(propertiesOf(document)).flatMap(([name, schema]) => {
    const inner = schema.items?.properties ? schema.items : schema
    const path = inner === schema ? name : `${name}[]`
    return [
      toAnswerRow(name, schema, document, objectsPage),
      ...Object.entries(inner.properties ?? {}).map(([innerName, innerSchema]) =>
        toAnswerRow(`${path}.${innerName}`, innerSchema, inner, objectsPage, innerName),
      ),
    ]
  })
  return table(['Field', 'Type', 'Meaning'], rows)
}

function toAnswerRow(
  label: string,
  schema: JsonSchema,
  parent: JsonSchema,
  objectsPage: ObjectsPage,
  name = label,
): string[] {
  const { required = [] } = resolve(parent)
  const isAlwaysThere = required.includes(name)
  return [code(isAlwaysThere ? label : `${label}?`), describeType(schema, objectsPage), schema.description ?? '']
}

/** The name of the object that an answer is, when it has one; undefined when its fields are its own. */
export function nameOfAnswer({ $ref }: JsonSchema): string | undefined {
  return $ref === undefined ? undefined : nameOf($ref)
}

/** The fields that an error carries beside those that every error has. */
export function describeCarried(error: ErrorSpec | OperationError): string {
  if ('details' in error && error.details) return codes(Object.keys(error.details.shape))
  return codes(('carries' in error && error.carries) || [])
}

function resolve(document: JsonSchema): JsonSchema {
  const { $ref, $defs } = document
  return ($ref === undefined ? undefined : $defs?.[nameOf($ref)]) ?? document
}

function nameOf(reference: string): string {
  return reference.replace(/^.*\//, '')
}

function joinOr(texts: readonly string[]): string {
  const last = texts.at(-1) ?? ''
  return texts.length < 2 ? last : `${texts.slice(0, -1).join(', ')} or ${last}`
}
