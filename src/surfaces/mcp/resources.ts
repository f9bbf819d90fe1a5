import type { AnyOperation, ResourceSpec } from '../../core/operation.ts'
import type { Call, CallError } from './call.ts'
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
  /** The URI that an event changes; undefined when it changes none of this resource. */
  findTouched(event: Fields): string | undefined
}

export type ReadResult =
  | { readonly ok: true; readonly uri: string; readonly text: string }
  | { readonly ok: false; readonly error: CallError }

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
  const { operation, field } = found.resource
  const result = await call(operation, field === undefined ? {} : { [field]: found.name }, signal)
  return result.ok ? { ok: true, uri, text: JSON.stringify(result.value) } : result
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
