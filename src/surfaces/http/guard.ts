import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { commonError } from '../../core/errors.ts'

const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'] as const

/** Checks that stand in front of every route. Each throws an {@link AppError}. */
export interface Guard {
  /** Who may ask at all: only our own names, and no web page that we did not serve. */
  admit(request: IncomingMessage): void
  /**
   * Who may write.
   *
   * @param given The value of `X-Bus-Secret`, if the request has it.
   */
  authorizeWrite(given: string | readonly string[] | null | undefined): void
}

/**
 * @param allowedHosts Names of this bus beside the loopback ones, without ports.
 * @param writeSecrets What proves that a caller may write, each of them; an empty list leaves writes open.
 */
export function createGuard(allowedHosts: readonly string[], writeSecrets: readonly string[]): Guard {
  const hosts = new Set([...LOOPBACK_HOSTS, ...allowedHosts].map((host) => host.toLowerCase()))
  const expected = writeSecrets.map(digest)
  return {
    admit: ({ headers }) => {
      // A page may point a name of its own at this address (DNS rebinding), but cannot forge the Host header.
      if (!hosts.has(hostName(headers.host))) throw commonError('host_not_allowed')
      const { origin } = headers
      const isForeign =
        origin !== undefined && origin !== `http://${headers.host}` && origin !== `https://${headers.host}`
      if (isForeign || headers['sec-fetch-site'] === 'cross-site') throw commonError('origin_forbidden')
    },
    authorizeWrite: (given) => {
      if (expected.length === 0) return
      // Both sides are hashed: equal lengths for the comparison, and the same path for an absent header. All are compared, so
      // that nobody learns which one it was.
      const found = digest(typeof given === 'string' ? given : '')
      const matches = expected.filter((secret) => timingSafeEqual(found, secret))
      if (matches.length === 0) throw commonError('write_secret_required', 'missing or invalid X-Bus-Secret')
    },
  }
}

export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

function hostName(host: string | undefined): string {
  return (host ?? '').toLowerCase().replace(/:\d*$/, '')
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
