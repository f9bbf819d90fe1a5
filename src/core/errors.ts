import type { Advice } from './advice.ts'

/**
 * The closed list of error kinds. An operation declares its own codes; each code is of one of these kinds, and the kind
 * alone decides what a surface does with it: the HTTP status and the exit status of the command line.
 *
 * Exit statuses follow BSD `sysexits.h` where it has a fitting one: 65 data error, 69 unavailable, 70 software, 75 temporary failure
 * (try again later), 77 permission.
 */
export const errorKinds = {
  malformed: { status: 400, exitCode: 2 },
  invalid: { status: 422, exitCode: 2 },
  unauthorized: { status: 401, exitCode: 77 },
  forbidden: { status: 403, exitCode: 77 },
  not_found: { status: 404, exitCode: 1 },
  method_not_allowed: { status: 405, exitCode: 1 },
  timed_out: { status: 408, exitCode: 69 },
  /** Nobody reads this answer any more. 499 as nginx has it, for want of a standard one. */
  cancelled: { status: 499, exitCode: 69 },
  conflict: { status: 409, exitCode: 1 },
  /** A conflict that time resolves: somebody else holds what was asked for. */
  busy: { status: 409, exitCode: 75 },
  /** It was there once, and will not be again. */
  gone: { status: 410, exitCode: 1 },
  too_large: { status: 413, exitCode: 2 },
  unsupported_media: { status: 415, exitCode: 2 },
  headers_too_large: { status: 431, exitCode: 2 },
  misdirected: { status: 421, exitCode: 2 },
  /** One caller asks for more than its share. */
  rate_limited: { status: 429, exitCode: 75 },
  internal: { status: 500, exitCode: 70 },
  /** What is kept is not as it must be; `EX_DATAERR`. No answer of a bus has it, for a bus does not look. */
  damaged: { status: 500, exitCode: 65 },
  unavailable: { status: 503, exitCode: 69 },
} as const

export type ErrorKind = keyof typeof errorKinds

/**
 * The codes that no operation declares, because they arise before or around every operation.
 * Together with the operations' own codes they are the whole list (docs/reference/errors.md).
 */
export const commonErrors = {
  invalid_request: {
    kind: 'invalid',
    summary: 'A field is missing, of the wrong type or out of bounds; `errors` lists each.',
    carries: ['errors'],
  },
  malformed_request: { kind: 'malformed', summary: 'What was sent is not HTTP/1.1. The connection is closed.' },
  headers_too_large: { kind: 'headers_too_large', summary: 'The request line and headers are larger than 16 KiB.' },
  request_timeout: {
    kind: 'timed_out',
    summary: 'The request did not come in time: 10 s for its headers, 30 s for all of it.',
    next: ['{again}'],
  },
  invalid_json: { kind: 'invalid', summary: 'The request body is not a JSON object in UTF-8.' },
  idempotency_key_reused: {
    kind: 'invalid',
    summary: 'The `Idempotency-Key` named another request before. Make a new key for each change.',
    next: ['{again}'],
  },
  write_secret_required: {
    kind: 'unauthorized',
    summary: 'The bus is armed and `X-Bus-Secret` is absent or wrong. Send the value of `BUS_WRITE_SECRET`.',
    next: ['{again} after the person who runs you has set it for the MCP server; reading works without it'],
  },
  origin_forbidden: { kind: 'forbidden', summary: 'The request comes from a web page that the bus did not serve.' },
  route_not_found: { kind: 'not_found', summary: 'No such route. `/openapi.json` lists them all.' },
  method_not_allowed: {
    kind: 'method_not_allowed',
    summary: 'The route exists with another method; see `Allow`.',
    carries: ['allow'],
  },
  body_too_large: { kind: 'too_large', summary: 'The request body is larger than 1 MiB.' },
  json_required: { kind: 'unsupported_media', summary: 'A write needs `Content-Type: application/json`.' },
  host_not_allowed: {
    kind: 'misdirected',
    summary: 'The `Host` header is not a name of this bus. Use 127.0.0.1, or add the name to `BUS_ALLOWED_HOSTS`.',
  },
  store_unavailable: {
    kind: 'unavailable',
    summary:
      'The store did not accept the request, and nothing was changed unless `outcome_unknown` says so. Try again after `Retry-After`.',
    next: ['{again} a little later'],
    carries: ['retry_after_ms', 'outcome_unknown'],
  },
  rate_limited: {
    kind: 'rate_limited',
    summary:
      'This address asks more often than `BUS_RATE_LIMIT` lets it. Nothing was changed; ask again after `Retry-After`.',
    next: ['{again} after retry_after_ms; wait with wait_s instead of asking again and again'],
    carries: ['retry_after_ms'],
  },
  too_many_connections: {
    kind: 'unavailable',
    summary: 'The bus has as many connections as `BUS_MAX_CONNECTIONS` lets it. This one is closed; try again later.',
    next: ['{again} a little later'],
    carries: ['retry_after_ms'],
  },
  too_many_waiting: {
    kind: 'unavailable',
    summary:
      'As many requests wait already as `BUS_MAX_WAITS` lets them. Ask without `wait_s`, or after `Retry-After`.',
    next: ['{again} without wait_s'],
    carries: ['retry_after_ms'],
  },
  too_many_streams: {
    kind: 'unavailable',
    summary:
      'As many streams of events are open as `BUS_MAX_STREAMS` lets. Ask with `Accept: application/json`, or later.',
    carries: ['retry_after_ms'],
  },
  request_cancelled: { kind: 'cancelled', summary: 'The caller went away while it waited; nothing was changed.' },
  invariant_violated: {
    kind: 'internal',
    summary:
      'What was asked for would have broken what must always hold, and nothing was changed. A fault of the bus: tell the person who runs it.',
    next: ['tell the person who runs the bus the request_id'],
  },
  internal: {
    kind: 'internal',
    summary: 'A fault of the bus. Its log has the cause under `request_id`.',
    next: ['{again} once; if it fails again, tell the person who runs the bus the request_id'],
  },
} as const satisfies Record<string, ErrorSpec>

/** The codes that keep a bus from starting. Nobody is connected yet: whoever started it gets one line and the exit status. */
export const startErrors = {
  address_in_use: {
    kind: 'unavailable',
    summary: 'Something listens on the address already, perhaps another bus. Use that one, or another `--port`.',
  },
  database_in_use: {
    kind: 'unavailable',
    summary: 'Another bus has the database file. Use that one, or give this one another file with `--database-url`.',
  },
  database_newer: {
    kind: 'unavailable',
    summary: 'A newer bus-mcp wrote the database. Update bus-mcp, or use another file.',
  },
  database_changed: {
    kind: 'unavailable',
    summary: 'The database was made by another build of bus-mcp, with another schema. Use that one, or another file.',
  },
  database_unusable: {
    kind: 'unavailable',
    summary: 'The file cannot be opened, is another program’s, or is on a disk that does not sync.',
  },
  database_missing: {
    kind: 'unavailable',
    summary: 'There is no database of a bus to look at. Name the one that the bus uses with `--database-url`.',
  },
  database_outdated: {
    kind: 'unavailable',
    summary: 'An older bus-mcp wrote the database. Start the bus on it, or use `bus-mcp migrate`, then check it.',
  },
  database_inconsistent: {
    kind: 'damaged',
    summary:
      'The file is damaged, or `bus-mcp check` found something wrong, or a backup did not pass it. Restore the newest backup that does.',
  },
  backup_exists: {
    kind: 'conflict',
    summary: 'There is such a file already, and a backup never takes the place of another. Name a new one.',
  },
  backup_failed: {
    kind: 'unavailable',
    summary:
      'The backup could not be written whole, and none of it was left. Look at the disk, the folder and its permissions.',
  },
  backup_unsupported: {
    kind: 'invalid',
    summary: 'A database on PostgreSQL is backed up with `pg_dump`, or carried off with `bus-mcp export`.',
  },
  database_not_empty: {
    kind: 'unavailable',
    summary: 'There is something in the database already. Import into a new one.',
  },
  export_unusable: {
    kind: 'invalid',
    summary: 'The file is no whole export of this version. Export again, with the version that imports.',
  },
  database_unsafe: {
    kind: 'unavailable',
    summary:
      'The PostgreSQL server may lose what it acknowledged. Turn `fsync` and `synchronous_commit` on, or use `--allow-unsafe-durability`.',
  },
  sqlite_too_old: {
    kind: 'unavailable',
    summary: 'The SQLite that was found can corrupt a database. Reinstall bus-mcp.',
  },
} as const satisfies Record<string, ErrorSpec>

export interface ErrorSpec {
  readonly kind: ErrorKind
  /** One sentence for people: when it happens and what to do. */
  readonly summary: string
  /** For agents: what to call next, the best first. */
  readonly next?: readonly Advice[]
  /** The fields of the error body that go with it, beside those that every error has. */
  readonly carries?: readonly string[]
}

export type CommonErrorCode = keyof typeof commonErrors
export type StartErrorCode = keyof typeof startErrors

/** A problem with one field. `path` is dotted, and empty when the whole request is meant. */
export interface FieldProblem {
  readonly path: string
  readonly message: string
}

/** What every refused request answers with, on every surface. */
export interface ErrorBody {
  /** For people and agents: what happened and what to do. */
  readonly detail: string
  /** For programs: stable, from the documented list. */
  readonly code: string
  readonly request_id: string
  /** `invalid_request` only. */
  readonly errors?: readonly FieldProblem[]
  /** How long to wait before trying again, where waiting helps. */
  readonly retry_after_ms?: number
  readonly [detail: string]: unknown
}

/** The one error class: everything that a caller may be told. Whatever else is thrown is a bug and becomes `internal`. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly kind: ErrorKind
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(kind: ErrorKind, code: string, message: string, details: Record<string, unknown> = {}) {
    super(message)
    this.kind = kind
    this.code = code
    this.details = details
  }

  get status(): number {
    return errorKinds[this.kind].status
  }

  toBody(requestId: string): ErrorBody {
    return { detail: this.message, code: this.code, request_id: requestId, ...this.details }
  }
}

/** Makes an error of the common list. Without a `message` its summary is the text. */
export function commonError(code: CommonErrorCode, message?: string, details?: Record<string, unknown>): AppError {
  const { kind, summary } = commonErrors[code]
  return new AppError(kind, code, message ?? summary, details)
}

/** Makes an error that keeps the bus from starting. Its message is the one line that the person sees. */
export function startError(code: StartErrorCode, message: string): AppError {
  return new AppError(startErrors[code].kind, code, message)
}

/** A URL as it may be shown: what stands before the host is a secret, and texts travel to agents and logs. */
export function hideCredentials(url: string): string {
  // Up to the last one: a password that nobody encoded may have any character in it.
  return url.replace(/\/\/.*@/s, '//')
}
