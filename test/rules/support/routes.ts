import type { AnyOperation } from '../../../src/core/operation.ts'

interface Route {
  readonly id: string
  readonly method: string
  readonly path: string
}

/** Path parameters that are no input field, and routes that could both answer one request. */
export function checkRoutes(operations: readonly AnyOperation[]): string[] {
  const routes = operations.flatMap(({ id, http }) => (http ? [{ id, ...http }] : []))
  const unknown = operations.flatMap(({ id, input, http }) =>
    [...(http?.path ?? '').matchAll(/\{(\w+)\}/g)]
      .filter(([, field = '']) => !(field in input.shape))
      .map(([, field]) => `${id} has no input field ${field} for ${http?.path}`),
  )
  const overlaps = routes.flatMap((one, index) =>
    routes
      .slice(index + 1)
      .filter((other) => isOverlap(one, other))
      .map((other) => `${one.method} ${one.path} (${one.id}) overlaps ${other.path} (${other.id})`),
  )
  return [...unknown, ...overlaps]
}

/** Whether one path fits both templates; a parameter fits every literal. */
function isOverlap(one: Route, other: Route): boolean {
  if (one.method !== other.method) return false
  const left = one.path.split('/')
  const right = other.path.split('/')
  if (left.length !== right.length) return false
  return left.every((part, index) => part === right[index] || part.startsWith('{') || right[index]?.startsWith('{'))
}
