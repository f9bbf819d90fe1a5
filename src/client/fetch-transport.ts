import { type Transport, TransportError } from './transport.ts'

/** HTTP over the global `fetch`: for browsers, and for whatever else has no `node:http`. */
export function createFetchTransport(): Transport {
  return async ({ method, url, headers, body, timeoutMs, signal }) => {
    const limit = AbortSignal.timeout(Math.ceil(timeoutMs))
    try {
      const answer = await fetch(url, {
        method,
        headers,
        body: body ?? null,
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      })
      return {
        status: answer.status,
        contentType: answer.headers.get('content-type') ?? '',
        server: answer.headers.get('server') ?? '',
        text: await answer.text(),
      }
    } catch (error) {
      // A browser does not say why, nor whether the request had left.
      throw new TransportError(describe(signal, limit, timeoutMs), true, error)
    }
  }
}

function describe(signal: AbortSignal | undefined, limit: AbortSignal, timeoutMs: number): string {
  if (signal?.aborted) return 'the call was cancelled'
  return limit.aborted ? `no answer within ${timeoutMs / 1000} s` : 'no connection'
}
