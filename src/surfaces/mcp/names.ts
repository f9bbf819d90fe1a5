import type { AnyOperation, NamesSpec } from '../../core/operation.ts'
import type { Call } from './call.ts'

/** The most names that a list shows: as many as one page of any operation has. */
const MAX_LISTED = 500
/** How long a list may take, in milliseconds: who completes a name types on. */
const TIME_LIMIT_MS = 5_000

/** The names that something has on the bus now. */
export interface Names {
  /** At most 500; none when the bus does not tell them, as an old one does not. */
  list(call: Call, signal: AbortSignal): Promise<readonly string[]>
  /** Those that begin with `start` and go on after it. */
  complete(start: string, call: Call): Promise<string[]>
}

/** @throws {Error} For a spec that names no operation: a fault of a contract. */
export function createNames({ operationId, entries, field }: NamesSpec, all: readonly AnyOperation[]): Names {
  const operation = all.find(({ id }) => id === operationId)
  if (!operation) throw new Error(`there is no operation ${operationId} that lists names`)

  const listAfter = async (after: string | undefined, call: Call, signal: AbortSignal): Promise<string[]> => {
    const input = { limit: MAX_LISTED, ...(after === undefined ? {} : { after }) }
    const result = await call(operation, input, signal)
    const found = result.ok ? result.value[entries] : undefined
    if (!Array.isArray(found)) return []
    return found.flatMap((entry: unknown) => {
      const name = typeof entry === 'object' && entry !== null ? new Map(Object.entries(entry)).get(field) : undefined
      return typeof name === 'string' ? [name] : []
    })
  }
  return {
    list: (call, signal) => listAfter(undefined, call, AbortSignal.any([signal, AbortSignal.timeout(TIME_LIMIT_MS)])),
    complete: async (start, call) => {
      // What begins with a text comes right after it in the order of texts.
      const names = await listAfter(start === '' ? undefined : start, call, AbortSignal.timeout(TIME_LIMIT_MS))
      return names.filter((name) => name.startsWith(start))
    },
  }
}
