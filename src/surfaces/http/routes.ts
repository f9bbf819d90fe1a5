import type { BoundOperation } from '../../core/capability.ts'
import { type AppError, commonError } from '../../core/errors.ts'
import { API_BASE_PATH } from '../../core/wire.ts'

export interface Route {
  readonly bound: BoundOperation
  readonly method: 'GET' | 'POST'
  /** The path as documented. */
  readonly template: string
  /** Its parts, with `{name}` for its parameters. */
  readonly segments: readonly string[]
}

export interface RouteMatch {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

export function createRoutes(operations: readonly BoundOperation[]): readonly Route[] {
  return operations.flatMap((bound) => {
    const { http } = bound.operation
    if (!http) return []
    const template = `${API_BASE_PATH}${http.path}`
    return [{ bound, method: http.method, template, segments: template.split('/') }]
  })
}

/**
 * Finds the route of a request.
 *
 * @param path The raw path, still percent-encoded.
 * @throws {AppError} `route_not_found`; `method_not_allowed` with `allow` when the path exists with another method.
 */
export function matchRoute(routes: readonly Route[], method: string, path: string): RouteMatch {
  const segments = path.split('/')
  const allow: string[] = []
  for (const route of routes) {
    if (!fits(route.segments, segments)) continue
    if (route.method === method || (route.method === 'GET' && method === 'HEAD')) {
      return { route, params: readParams(route.segments, segments) }
    }
    allow.push(route.method)
  }
  if (allow.length === 0) {
    throw commonError('route_not_found', `no route ${method} ${describePath(path)} -- /openapi.json lists them all`)
  }
  throw refuseMethod(method, allow)
}

/** The refusal of a path that exists with the methods of `allow` only. */
export function refuseMethod(method: string, allow: readonly string[]): AppError {
  return commonError('method_not_allowed', `${method} is not allowed here -- use ${allow.join(' or ')}`, { allow })
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((expected, index) => expected === segments[index] || expected.startsWith('{'))
  )
}

function readParams(pattern: readonly string[], segments: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {}
  for (const [index, name] of pattern.entries()) {
    if (name.startsWith('{')) params[name.slice(1, -1)] = decodeSegment(segments[index] ?? '')
  }
  return params
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    // Not percent-encoded UTF-8: left as it is, for the field's own rule to refuse with its own words.
    return segment
  }
}

function describePath(path: string): string {
  return path.length > 80 ? `${path.slice(0, 80)}…` : path
}
