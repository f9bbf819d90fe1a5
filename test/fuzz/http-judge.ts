import type { FuzzedApi, FuzzedOperation } from './document.ts'
import type { HttpCase } from './http-cases.ts'
import type { HttpAnswer, Outcome } from './http-sender.ts'

/** What Node reads of a request before its body. */
const MAX_HEAD_BYTES = 16 * 1024

/** What is wrong with what a request brought about, a line each. */
export function judge(api: FuzzedApi, operation: FuzzedOperation, one: HttpCase, outcome: Outcome): string[] {
  if (outcome === 'gone') return []
  const isHeadTooLarge = one.path.length > MAX_HEAD_BYTES - 1024
  // The refusal of what is too large to be read may be lost on its way, for nobody reads the rest.
  if (outcome === 'closed') return isHeadTooLarge ? [] : ['the connection ended without an answer']
  const faults = judgeAlways(outcome)
  if (isHeadTooLarge && outcome.status === 431) return [...faults, ...api.judgeRefusal(parse(outcome.text))]
  return [...faults, ...judgeByMethod(api, operation, one, outcome)]
}

function judgeAlways({ status, headers, text }: HttpAnswer): string[] {
  const faults: string[] = []
  if (status >= 500) faults.push(`status ${status}: ${text}`)
  if (/\n\s+at |\\n\s+at /.test(text)) faults.push('a stack is shown')
  for (const name of Object.keys(headers)) if (name.startsWith('access-control-')) faults.push(`${name} is sent`)
  return faults
}

function judgeByMethod(api: FuzzedApi, operation: FuzzedOperation, one: HttpCase, answer: HttpAnswer): string[] {
  const { method } = one
  const { status, headers, text } = answer
  const isHead = method === 'HEAD' && operation.method === 'GET'
  if (isHead) return text === '' ? [] : ['an answer to HEAD has a body']
  const contentType = (headers['content-type'] ?? '').split(';')[0] ?? ''
  const body = contentType === 'application/json' ? parse(text) : text
  const faults = status >= 400 ? judgeRefusal(answer, body) : []
  const meant = method === operation.method ? operation : findMeant(api, one)
  if (meant) return [...faults, ...meant.judge(status, contentType, body)]
  if (method === 'HEAD') return []
  if (![403, 405, 421].includes(status)) faults.push(`status ${status} for a method that is not documented`)
  if (status === 405 && headers.allow === undefined) faults.push('405 without Allow')
  return [...faults, ...api.judgeRefusal(body)]
}

/** With another method a path may be that of another operation: that of all lanes is also that of a lane of this name. */
function findMeant({ operations }: FuzzedApi, { method, path }: HttpCase): FuzzedOperation | undefined {
  const [bare = ''] = path.split('?')
  const fits = (pattern: string) => new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]*')}$`).test(bare)
  return operations.find((one) => one.method === method && fits(one.path))
}

/** What every refusal says twice, it says alike. */
function judgeRefusal({ headers }: HttpAnswer, body: unknown): string[] {
  const { request_id, retry_after_ms } = Object(body)
  const faults: string[] = []
  if (headers['x-request-id'] !== request_id) faults.push('X-Request-Id is not that of the body')
  if ((headers['retry-after'] === undefined) !== (retry_after_ms === undefined))
    faults.push('Retry-After is not that of the body')
  return faults
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return `no JSON: ${text}`
  }
}
