import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { type Cap, createCap } from '../../core/cap.ts'
import { type AppError, commonError } from '../../core/errors.ts'
import { RETRY_AFTER_MS } from '../../core/waits.ts'

/** How many there may be at once, and how often an address may ask. */
export interface HttpLimits {
  readonly maxConnections: number
  readonly maxStreams: number
  /** See `createRateLimit`. */
  readonly rateLimit: number | undefined
}

/** Limits for slow callers, in milliseconds. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
const KEEP_ALIVE_TIMEOUT_MS = 5_000
/** How often Node looks for those that are past them; it would be every 30 s. */
export const TIMEOUT_CHECK_MS = 1_000

/** Those beyond the cap are told so, as long as they are no more than these; the rest is closed without a word. */
const SURPLUS_CONNECTIONS = 256

/** Whether a connection is one of those beyond the cap. */
export interface Connections {
  /** @throws {AppError} `too_many_connections`. */
  check(socket: Socket): void
  readonly count: number
}

/** Sets the limits of connections. Called before the server listens. */
export function limitConnections(server: Server, most: number): Connections {
  server.maxConnections = most + SURPLUS_CONNECTIONS
  server.headersTimeout = HEADERS_TIMEOUT_MS
  server.requestTimeout = REQUEST_TIMEOUT_MS
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS
  const surplus = new WeakSet<Socket>()
  let count = 0
  server.on('connection', (socket: Socket) => {
    count += 1
    if (count > most) surplus.add(socket)
    socket.on('close', () => {
      count -= 1
    })
  })
  return {
    check: (socket) => {
      if (surplus.has(socket))
        throw tooMany(
          'too_many_connections',
          `as many connections are open already as may be (${most}) -- close some, or try again later`,
        )
    },
    get count() {
      return count
    },
  }
}

export function capStreams(most: number): Cap {
  return createCap(most, (count) =>
    tooMany(
      'too_many_streams',
      `as many streams are open already as may be (${count}) -- ask with Accept: application/json, or try again later`,
    ),
  )
}

function tooMany(code: 'too_many_connections' | 'too_many_streams', message: string): AppError {
  return commonError(code, message, { retry_after_ms: RETRY_AFTER_MS })
}
