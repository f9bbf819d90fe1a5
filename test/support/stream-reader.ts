import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import { onTestFinished } from 'vitest'
import { collect } from './process.ts'

export interface StreamReader {
  readonly outgoing: ClientRequest
  readonly incoming: IncomingMessage
  /** All that has come so far. */
  readonly text: () => string
}

/** Opens a stream on a connection of its own, and reads it until the test is over. However it ends is no fault. */
export async function openStream(url: string, headers: OutgoingHttpHeaders = {}): Promise<StreamReader> {
  const outgoing = request(url, { headers, agent: false })
  onTestFinished(() => {
    outgoing.destroy()
  })
  outgoing.on('error', () => {})
  outgoing.end()
  const [incoming]: IncomingMessage[] = await once(outgoing, 'response')
  if (!incoming) throw new Error('a response comes with its event')
  incoming.on('error', () => {})
  return { outgoing, incoming, text: collect(incoming) }
}
