import { Agent, request } from 'node:http'

/** Posts JSON over connections that are kept alive; rejects for any status but 200. */
export function createRequester(connections: number): (url: string, body: string) => Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
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
