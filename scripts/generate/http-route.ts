import { errorKinds } from '../../src/core/errors.ts'
import { toJsonSchema } from '../../src/core/json-schema.ts'
import type { AnyOperation, HttpRoute } from '../../src/core/operation.ts'
import { API_BASE_PATH } from '../../src/core/wire.ts'
import { answerTable, describeCarried, listInputFields, nameOfAnswer, toInputCells } from './fields.ts'
import { anchor, code, table, toSentence } from './markdown.ts'

export type RoutedOperation = AnyOperation & { readonly http: HttpRoute }

export function hasRoute(operation: AnyOperation): operation is RoutedOperation {
  return operation.http !== undefined
}

/** As in `POST /api/bus/message`. */
export function toRouteHeading({ http }: RoutedOperation): string {
  return `${http.method} ${API_BASE_PATH}${http.path}`
}

/** The section of one route: what it does, what it takes, what it answers, what it refuses. */
export function renderRoute(operation: RoutedOperation): string[] {
  const takes = renderInput(operation)
  const refuses = renderErrors(operation)
  return [
    `### ${toRouteHeading(operation)}`,
    `${toSentence(operation.summary)} A ${operation.effect}; ${code(operation.id)}.`,
    takes === '' ? 'It takes nothing.' : takes,
    ...renderAnswer(operation),
    ...(refuses === '' ? [] : ['It refuses with:', refuses]),
  ]
}

function renderInput(operation: RoutedOperation): string {
  const rows = listInputFields(toJsonSchema(operation.input, 'input')).map((field) => [
    code(field.name),
    placeOf(field.name, operation),
    ...toInputCells(field),
  ])
  return table(['Field', 'In', 'Type', 'Required', 'Default', 'Meaning'], rows)
}

function placeOf(name: string, { http, effect }: RoutedOperation): string {
  if (http.path.includes(`{${name}}`)) return 'path'
  return effect === 'write' ? 'body' : 'query'
}

function renderAnswer({ output, http }: RoutedOperation): string[] {
  const document = toJsonSchema(output, 'output')
  const name = nameOfAnswer(document)
  const answer =
    name === undefined ? ['It answers with:', answerTable(document)] : [`It answers with a [${name}](${anchor(name)}).`]
  if (!http.stream) return answer
  const { entries, cursor } = http.stream
  return [
    `Whoever does not ask for JSON (\`Accept: application/json\`) gets Server-Sent Events without end: first \`hello\` with ${code(cursor)}, after which it begins, and what stands beside ${code(entries)} below; then one for each of the ${code(entries)}, with its \`kind\` and its \`id\`. ${code('Last-Event-ID')} goes on after it.`,
    ...answer,
  ]
}

function renderErrors({ errors }: RoutedOperation): string {
  const rows = Object.entries(errors).map(([name, error]) => [
    String(errorKinds[error.kind].status),
    code(name),
    error.summary,
    describeCarried(error),
  ])
  return table(['Status', 'Code', 'When', 'Carries'], rows)
}
