import { isIPv6 } from 'node:net'
import { commonError } from '../../core/errors.ts'

export interface RateLimit {
  /**
   * Takes one request of the address into account.
   *
   * @param address Undefined where there is none: on a Unix socket.
   * @throws {AppError} `rate_limited`.
   */
  charge(address: string | undefined): void
}

/** What an address may still ask, and as of when. */
interface Bucket {
  tokens: number
  /** Milliseconds of the clock. */
  at: number
}

/** Enough for every machine of a team; who has more addresses than that is kept out by other means. */
const MAX_BUCKETS = 10_000

/**
 * A token bucket for each address: so many requests a second, and twice as many at once.
 *
 * @param perSecond Undefined for the standard: none on this machine, {@link STANDARD_PER_SECOND} from others. 0 for no limit.
 * @param now In milliseconds.
 */
export function createRateLimit(perSecond: number | undefined, now: () => number = () => performance.now()): RateLimit {
  const rate = perSecond ?? STANDARD_PER_SECOND
  if (rate === 0) return { charge: () => {} }
  const burst = Math.max(1, rate * 2)
  const buckets = new Map<string, Bucket>()
  const refill = ({ tokens, at }: Bucket, moment: number) => Math.min(burst, tokens + ((moment - at) / 1000) * rate)
  return {
    charge: (address) => {
      if (perSecond === undefined && (address === undefined || isLoopbackAddress(address))) return
      const key = toNetwork(address ?? '')
      const moment = now()
      const bucket = buckets.get(key)
      const tokens = bucket ? refill(bucket, moment) : burst
      // The one that was asked of longest ago is first, and is the first to go.
      buckets.delete(key)
      if (buckets.size >= MAX_BUCKETS) buckets.delete(buckets.keys().next().value ?? '')
      // Who is refused pays nothing: one that goes on asking is served at the limit, too.
      buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: moment })
      if (tokens >= 1) return
      throw commonError('rate_limited', undefined, { retry_after_ms: Math.ceil(((1 - tokens) / rate) * 1000) })
    },
  }
}

/** For callers from other machines, when nothing else is said: far above what a machine full of agents asks. */
const STANDARD_PER_SECOND = 200

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}

/** Whoever has one address of IPv6 has all 2^64 of its network. */
function toNetwork(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address
  const [head = '', tail = ''] = address.split('::')
  const first = head.split(':').filter(Boolean)
  const last = tail.split(':').filter(Boolean)
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0')
  return [...first, ...zeros, ...last].slice(0, 4).join(':')
}
