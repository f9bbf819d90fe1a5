import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { type Transport, type TransportAnswer, TransportError, type TransportRequest } from './transport.ts'

/**
 * Idle connections are given up before a server does (5 s for this bus and for uvicorn), so that no request is sent into
 * one that is just closing.
 */
const IDLE_TIMEOUT_MS = 4_000

/** HTTP over `node:http` with connections kept alive: a fifth of the cost of the global `fetch`, and nothing to import. */
export function createNodeTransport(): Transport {
  const httpAgent = new Agent({ keepAlive: true, timeout: IDLE_TIMEOUT_MS })
  let https: Promise<{ request: typeof httpRequest; agent: Agent }> | undefined
  return async (request) => {
    if (request.url.protocol !== 'https:') return exchange(httpRequest, httpAgent, request)
    https ??= import('node:https').then((module) => ({
      request: module.request,
      agent: new module.Agent({ keepAlive: true, timeout: IDLE_TIMEOUT_MS }),
    }))
    const { request: httpsRequest, agent } = await https
    return exchange(httpsRequest, agent, request)
  }
}

function exchange(send: typeof httpRequest, agent: Agent, request: TransportRequest): Promise<TransportAnswer> {
  const { method, url, socketPath, headers, body, timeoutMs, signal } = request
  if (signal?.aborted) return Promise.reject(new TransportError(CANCELLED, false, signal.reason))
  return new Promise((resolve, reject) => {
    const outgoing = send(
      url,
      socketPath === undefined ? { method, agent, headers } : { method, agent, headers, socketPath },
    )
    const isSent = watchConnection(outgoing, url)
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    const fail = (error: unknown) => {
      end()
      reject(signal?.aborted ? new TransportError(CANCELLED, isSent(), error) : toTransportError(error, isSent()))
    }
    const giveUp = (error: unknown) => {
      fail(error)
      // Tells nobody when the other side has taken the connection out of HTTP, so it cannot stand alone.
      outgoing.destroy()
    }
    const timer = setTimeout(() => giveUp(new TimeoutError(timeoutMs)), timeoutMs)
    // To hand the signal to Node would cost a quarter of the request more.
    const onAbort = () => giveUp(signal?.reason)
    signal?.addEventListener('abort', onAbort)
    outgoing.on('response', (incoming) => {
      readText(incoming, fail, (text) => {
        end()
        resolve(toAnswer(incoming, text))
      })
    })
    outgoing.on('error', fail)
    outgoing.end(body)
  })
}

const CANCELLED = 'the call was cancelled'

function toAnswer({ statusCode = 0, headers }: IncomingMessage, text: string): TransportAnswer {
  return {
    status: statusCode,
    contentType: headers['content-type'] ?? '',
    server: String(headers.server ?? ''),
    text,
  }
}

/** Tells whether anything of the request can have been sent: a connection stood, with TLS where it is asked for. */
function watchConnection(outgoing: ClientRequest, { protocol }: URL): () => boolean {
  let stood = false
  outgoing.on('socket', (socket) => {
    if (outgoing.reusedSocket) stood = true
    else {
      socket.once(protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        stood = true
      })
    }
  })
  return () => stood
}

/** By events: to walk the answer as a stream costs twice as much. */
function readText(incoming: IncomingMessage, onError: (error: Error) => void, onEnd: (text: string) => void): void {
  const chunks: Buffer[] = []
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
  incoming.on('end', () => onEnd(Buffer.concat(chunks).toString()))
  incoming.on('error', onError)
}

class TimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs / 1000} s`)
  }
}

/** Why no connection came about, in words. */
const NOT_CONNECTED: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'connection refused'],
  ['ENOTFOUND', 'no such host'],
  ['ENOENT', 'there is no such socket'],
  ['EACCES', 'this user may not connect to it'],
  ['EAI_AGAIN', 'the host name could not be resolved'],
  ['EHOSTUNREACH', 'no route to the host'],
  ['ENETUNREACH', 'no route to the network'],
])

function toTransportError(error: unknown, sent: boolean): TransportError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const notConnected = NOT_CONNECTED.get(code)
  if (notConnected !== undefined) return new TransportError(notConnected, sent, error)
  // The system's text is several lines of OpenSSL. Which code it has depends on the version of Node.
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return new TransportError('the TLS handshake failed; perhaps it is http://', sent, error)
  }
  if (error instanceof TimeoutError) return new TransportError(error.message, sent, error)
  if (code === 'ECONNRESET' || code === 'EPIPE') return new TransportError('the connection broke off', sent, error)
  return new TransportError(error instanceof Error ? error.message : String(error), sent, error)
}
