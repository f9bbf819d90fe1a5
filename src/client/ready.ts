import { API_BASE_PATH, READY_PATH, STANDARD_BASE_URL, toSocketPath } from '../core/wire.ts'
import { parseObject } from './parse-object.ts'
import { TransportError } from './transport.ts'

/**
 * Asks a bus whether it can write.
 *
 * @param baseUrl As of {@link createBusClient}.
 * @param timeoutMs The bus itself takes up to 5,000 to find out.
 * @returns Why it cannot, in its words; undefined when it can, and where nobody says: a bus before this one, or a proxy that has
 *   the API at another path.
 */
export async function findUnready(baseUrl: string, timeoutMs: number): Promise<string | undefined> {
  const socketPath = toSocketPath(baseUrl)
  const url = toReadyUrl(socketPath === undefined ? baseUrl : STANDARD_BASE_URL)
  if (url === undefined) return undefined
  const { createNodeTransport } = await import('./node-transport.ts')
  const send = createNodeTransport()
  const request = { method: 'GET', url, socketPath, headers: {}, body: undefined, signal: undefined } as const
  try {
    const { status, text } = await send({ ...request, timeoutMs })
    const detail = status === 503 ? parseObject(text)?.detail : undefined
    return typeof detail === 'string' ? detail : undefined
  } catch (error) {
    if (error instanceof TransportError) return error.reason
    throw error
  }
}

function toReadyUrl(baseUrl: string): URL | undefined {
  const root = baseUrl.replace(/\/+$/, '')
  return root.endsWith(API_BASE_PATH) ? new URL(`${root.slice(0, -API_BASE_PATH.length)}${READY_PATH}`) : undefined
}
