import { randomUUID } from 'node:crypto'
import type { Transport, TransportAnswer } from './client/index.ts'
import { type BoundOperation, invoke } from './core/capability.ts'
import type { BusContext } from './core/context.ts'
import { AppError } from './core/errors.ts'
import { createTextReaders } from './core/text-reader.ts'
import { collectInput } from './surfaces/http/request.ts'
import { createRoutes, matchRoute } from './surfaces/http/routes.ts'

/**
 * How a client in the bus's own process reaches its operations: by the same routes, and without a connection, so that it
 * acts also before anybody listens. It needs no secret, and no keys: here no answer is ever lost.
 */
export function createLocalTransport(operations: readonly BoundOperation[], context: BusContext): Transport {
  const routes = createRoutes(operations)
  const readers = new Map(operations.map(({ operation }) => [operation.id, createTextReaders(operation.input)]))
  return async ({ method, url, body, signal = new AbortController().signal }) => {
    const requestId = randomUUID()
    try {
      const { route, params } = matchRoute(routes, method, url.pathname)
      const fields: Record<string, unknown> | URLSearchParams = body === undefined ? url.searchParams : JSON.parse(body)
      const input = collectInput(readers.get(route.bound.operation.id) ?? {}, fields, params)
      return toAnswer(200, await invoke(route.bound, input, context, { requestId, signal }), context)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      return toAnswer(error.status, error.toBody(requestId), context)
    }
  }
}

function toAnswer(status: number, body: object, { settings }: BusContext): TransportAnswer {
  return {
    status,
    contentType: 'application/json',
    server: `bus-mcp/${settings.version}`,
    text: JSON.stringify(body),
  }
}
