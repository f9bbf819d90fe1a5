import { type Agent, type IncomingHttpHeaders, type IncomingMessage, request as send } from 'node:http'
import type { HttpCase } from './http-cases.ts'

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Of a stream only its beginning. */
  readonly text: string
}

/** `gone`: the caller went away on purpose. `closed`: the other side ended the connection without an answer. */
export type Outcome = HttpAnswer | 'gone' | 'closed'

/** How long who asks to wait is waited for; then the caller goes away, as callers do. */
const WAIT_MS = 300

/** How long any other answer may take: so long that only a bus that hangs takes it. */
const PATIENCE_MS = 30_000

export async function sendCase(origin: string, one: HttpCase, agent: Agent): Promise<Outcome> {
  const outcome = await sendOnce(origin, one, agent)
  // A connection that was kept alive may end just as it is used again.
  return outcome === 'closed' ? sendOnce(origin, one, agent) : outcome
}

function sendOnce(origin: string, one: HttpCase, agent: Agent): Promise<Outcome> {
  const { hostname, port } = new URL(origin)
  const bytes = one.body === undefined ? undefined : Buffer.from(one.body, one.isLatin1 ? 'latin1' : 'utf8')
  const headers = [...one.headers, ...(bytes ? [['content-length', String(bytes.length)]] : [])]
  return new Promise((resolve, reject) => {
    const outgoing = send({
      host: hostname,
      port,
      method: one.method,
      path: one.path,
      headers: Object.fromEntries(headers),
      agent,
    })
    const mayWait = `${one.path}${one.body ?? ''}`.includes('wait_s')
    const timer = setTimeout(
      () => {
        outgoing.destroy()
        if (mayWait) resolve('gone')
        else reject(new Error(`no answer within ${PATIENCE_MS} ms`))
      },
      mayWait ? WAIT_MS : PATIENCE_MS,
    )
    const settle = (outcome: Outcome) => {
      clearTimeout(timer)
      resolve(outcome)
    }
    outgoing.on('error', () => settle('closed'))
    outgoing.on('response', (incoming) => {
      void read(incoming).then(settle, () => settle('closed'))
    })
    if (bytes === undefined || one.cutAt === undefined || one.cutAt >= bytes.length) {
      outgoing.end(bytes)
      return
    }
    outgoing.write(bytes.subarray(0, one.cutAt), () => {
      outgoing.destroy()
      settle('gone')
    })
  })
}

async function read(incoming: IncomingMessage): Promise<HttpAnswer> {
  const { statusCode: status = 0, headers } = incoming
  incoming.setEncoding('utf8')
  let text = ''
  for await (const chunk of incoming) {
    text += chunk
    if (headers['content-type'] === 'text/event-stream') break
  }
  incoming.destroy()
  return { status, headers, text }
}
