import { isAnswer, noAnswer, toAnswerShape } from '../../core/answer-shape.ts'
import { once } from '../../core/once.ts'
import type { AnyOperation, ResourceSpec } from '../../core/operation.ts'
import { type Call, type CallError, type CallResult, toApiError } from './call.ts'
import { createNames, type Names } from './names.ts'

type Fields = Readonly<Record<string, unknown>>

/** An operation's answer at an address of its own. */
export interface Resource {
  readonly operation: AnyOperation
  readonly spec: ResourceSpec
  /** The input field that is in the URI; undefined where there is none. */
  readonly field: string | undefined
  readonly names: Names | undefined
  /** @param name What the field is, where there is one. */
  toUri(name: string | undefined): string
  /** The name in a URI of this resource, however it is encoded; undefined for a URI of another. */
  match(uri: string): { readonly name: string | undefined } | undefined
  /** Reads what is there under a name now. */
  read(name: string | undefined, call: Call, signal: AbortSignal): Promise<CallResult>
  /** The URI that an event changes; undefined when it changes none of this resource. */
  findTouched(event: Fields): string | undefined
}

export type ReadResult =
  | { readonly ok: true; readonly text: string }
  /** @property isMissing The bus knows nothing of that name, or nothing can have it. */
  | { readonly ok: false; readonly isMissing: boolean; readonly error: CallError }

/** In the order of the operations. */
export function createResources(operations: readonly AnyOperation[]): readonly Resource[] {
  return operations.flatMap((operation) =>
    operation.resource ? [createResource(operation, operation.resource, operations)] : [],
  )
}

function createResource(operation: AnyOperation, spec: ResourceSpec, all: readonly AnyOperation[]): Resource {
  const [, start = spec.uri, field] = /^([^{]*)\{(\w+)\}$/.exec(spec.uri) ?? []
  // Whatever answers as a bus may name what is no text, which no URI can hold.
  const toUri = (name: string | undefined) =>
    name === undefined ? spec.uri : `${start}${encodeURIComponent(name.toWellFormed())}`
  const shape = once(() => toAnswerShape(operation))
  return {
    operation,
    spec,
    field,
    names: spec.names && createNames(spec.names, all),
    toUri,
    match: (uri) => {
      if (field === undefined) return uri === spec.uri ? { name: undefined } : undefined
      const name = uri.startsWith(start) ? decode(uri.slice(start.length)) : undefined
      return name ? { name } : undefined
    },
    read: async (name, call, signal) => {
      const result = await call(operation, field === undefined ? {} : { [field]: name }, signal)
      return result.ok && !isAnswer(shape(), result.value) ? toApiError(operation, 200, noAnswer) : result
    },
    findTouched: (event) => {
      const touched = spec.touchedBy(event)
      if (touched === undefined || touched === false) return undefined
      return toUri(touched === true ? undefined : touched)
    },
  }
}

/** Which resource a URI is of, and under which URI it is told of changes. */
export function findResource(
  resources: readonly Resource[],
  uri: string,
): { readonly resource: Resource; readonly name: string | undefined; readonly uri: string } | undefined {
  for (const resource of resources) {
    const found = resource.match(uri)
    if (found) return { resource, name: found.name, uri: resource.toUri(found.name) }
  }
  return undefined
}

/** Reads what is at a URI now; undefined when no resource has such a URI. */
export async function readResource(
  resources: readonly Resource[],
  uri: string,
  call: Call,
  signal: AbortSignal,
): Promise<ReadResult | undefined> {
  const found = findResource(resources, uri)
  if (!found) return undefined
  const { resource, name } = found
  const result = await resource.read(name, call, signal)
  if (result.ok) return { ok: true, text: JSON.stringify(result.value) }
  return { ok: false, isMissing: isAboutName(result.error, resource.operation), error: result.error }
}

/** By its code: a status alone may come from whatever else answers at that address. */
function isAboutName(error: CallError, { errors }: AnyOperation): boolean {
  if (error.type !== 'bus_api_error' || error.code === undefined) return false
  return error.code === 'invalid_request' || errors[error.code]?.kind === 'not_found'
}

/** Undefined when it is none that a URI can have. */
function decode(part: string): string | undefined {
  if (part.includes('/')) return undefined
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}
