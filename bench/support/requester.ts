import { Agent, request } from 'node:http'

/** Shorter than the bus keeps an idle connection, so that no request is sent into one that is just closing. */
const IDLE_TIMEOUT_MS = 4_000

/** Posts JSON over connections that are kept alive; rejects for any status but 200. */
export function createRequester(connections: number): (url: string, body: string) => Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, timeout: IDLE_TIMEOUT_MS })
  return (url, body) =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
      const outgoing = request(url, { method: 'POST', agent, headers }, (answer) => {
        answer.resume()
        answer.on('end', () =>
          answer.statusCode === 200 ? resolve() : reject(new Error(`status ${answer.statusCode} from ${url}`)),
        )
      })
      outgoing.on('error', reject)
      outgoing.end(body)
    })
}
