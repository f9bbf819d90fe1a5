import { type JsonSchema, propertiesOf, toJsonSchema } from '../../../src/core/json-schema.ts'
import type { AnyOperation } from '../../../src/core/operation.ts'

/** What the rules look at: a capability's folder, what its contract.ts exports, and the operations that it offers. */
export interface Contract {
  readonly capability: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly operations: readonly AnyOperation[]
}

const MAX_DESCRIPTION = 400
const SNAKE_CASE = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/

/** Ids that come twice or are not `capability.export`, and operations of a contract that the capability does not offer. */
export function checkIds(contracts: readonly Contract[]): string[] {
  const ids = contracts.flatMap(({ operations }) => operations.map(({ id }) => id))
  const wrong = contracts.flatMap(({ capability, exports, operations }) => [
    ...Object.entries(exports)
      .filter(([, value]) => isOperation(value) && !operations.some((operation) => operation === value))
      .map(([name]) => `${capability}.${name} is in the contract and not offered`),
    ...operations
      .filter((operation) => exports[operation.id.replace(`${capability}.`, '')] !== operation)
      .map(({ id }) => `${id} is not the name of its export in ${capability}/contract.ts`),
  ])
  return [...repeated(ids).map((id) => `operation ${id} comes twice`), ...wrong]
}

export function checkTools(operations: readonly AnyOperation[]): string[] {
  const names = operations.flatMap(({ tool }) => (tool ? [tool.name] : []))
  return [...repeated(names).map((name) => `tool ${name} comes twice`), ...operations.flatMap(checkTool)]
}

function checkTool({ tool, input, session }: AnyOperation): string[] {
  if (!tool) return []
  const { name, description, hides = [], argumentNotes = {}, defaults = {}, grants, ends } = tool
  const own = tool.concise === undefined ? [] : ['detail']
  const fields = Object.entries(propertiesOf(toJsonSchema(input, 'input'))).filter(
    ([field]) => !hides.includes(field) && field !== session,
  )
  return [
    ...(SNAKE_CASE.test(name) ? [] : [`tool ${name} is not in snake_case`]),
    ...(description.trim() === '' ? [`tool ${name} has no description`] : []),
    ...(description.length > MAX_DESCRIPTION ? [`tool ${name}: ${description.length} characters of description`] : []),
    ...hides.filter((field) => !(field in input.shape)).map((field) => `tool ${name} hides no field ${field}`),
    ...[...Object.keys(argumentNotes), ...Object.keys(defaults)]
      .filter((field) => !(field in input.shape) && !own.includes(field))
      .map((field) => `tool ${name} says something of no field ${field}`),
    ...[grants, ends]
      .filter((field) => field !== undefined && !(field in input.shape))
      .map((field) => `tool ${name} grants or ends no field ${field}`),
    ...fields.filter(([, schema]) => !schema.description).map(([field]) => `tool ${name}: ${field} is not described`),
    ...fields.filter(([, schema]) => !isFlat(schema)).map(([field]) => `tool ${name}: ${field} is not flat`),
  ]
}

/** A single value, or a list of such: what every model fills in without a mistake. */
function isFlat({ type, properties, items, anyOf = [], $ref }: JsonSchema): boolean {
  if (type === 'object' || properties !== undefined || $ref !== undefined) return false
  if (items !== undefined && (items.type === 'array' || !isFlat(items))) return false
  return anyOf.every(isFlat)
}

/** Commands, positionals, actors and sessions: unique names, of fields that exist. */
export function checkCommands(operations: readonly AnyOperation[], programCommands: readonly string[]): string[] {
  const names = operations.flatMap(({ command }) => (command ? [command.name] : []))
  const unknown = operations.flatMap(({ id, input, command, actor, session }) =>
    [...(command?.positionals ?? []), actor, session]
      .filter((field) => field !== undefined && !(field in input.shape))
      .map((field) => `${id} has no input field ${field}`),
  )
  return [
    ...repeated(names).map((name) => `command ${name} comes twice`),
    ...names.filter((name) => programCommands.includes(name)).map((name) => `command ${name} is the program's own`),
    ...unknown,
  ]
}

type KindByCode = Readonly<Record<string, { readonly kind: string }>>

/** Codes that are not snake_case, and codes of two kinds: a program that knows the code could not know what it means. */
export function checkErrorCodes(operations: readonly AnyOperation[], common: KindByCode): string[] {
  const kinds = new Map<string, string>()
  return [common, ...operations.map(({ errors }) => errors)].flatMap((errors) =>
    Object.entries(errors).flatMap(([code, { kind }]) => {
      const known = kinds.get(code) ?? kind
      kinds.set(code, known)
      return [
        ...(SNAKE_CASE.test(code) ? [] : [`error code ${code} is not in snake_case`]),
        ...(known === kind ? [] : [`error code ${code} is of two kinds: ${known} and ${kind}`]),
      ]
    }),
  )
}

function isOperation(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'id' in value && 'effect' in value && 'input' in value
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
}
