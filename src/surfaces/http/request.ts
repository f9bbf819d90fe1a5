import type { IncomingMessage } from 'node:http'
import { commonError } from '../../core/errors.ts'
import type { AnyOperation } from '../../core/operation.ts'
import type { TextReader } from '../../core/text-reader.ts'

/** The largest request body, in bytes. */
export const MAX_REQUEST_BYTES = 1024 * 1024

/** The flat input of an operation: body, then query, then path, the later one winning. Unknown fields stay unread. */
export function collectInput(
  readers: Readonly<Record<string, TextReader>>,
  body: Readonly<Record<string, unknown>>,
  query: URLSearchParams,
  params: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const input: Record<string, unknown> = { ...body }
  for (const [name, text] of [...query, ...Object.entries(params)]) {
    const read = Object.hasOwn(readers, name) ? readers[name] : undefined
    if (read) input[name] = read(text)
  }
  return input
}

/**
 * Reads the body of a write.
 *
 * @returns An empty object for an empty body.
 * @throws {AppError} `json_required`, `body_too_large`, `invalid_json`.
 */
export async function readJsonBody(
  request: IncomingMessage,
  { effect }: AnyOperation,
): Promise<Record<string, unknown>> {
  if (effect === 'read') return {}
  // A web page cannot send this type without asking first (a preflight), which nobody answers.
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw commonError('json_required')
  return parseJsonObject(await readBody(request))
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const tooLarge = () => commonError('body_too_large', `the request body is larger than ${MAX_REQUEST_BYTES} bytes`)
  if (Number(request.headers['content-length'] ?? 0) > MAX_REQUEST_BYTES) throw tooLarge()
  const chunks: Buffer[] = []
  let size = 0
  // Left open when the loop ends early, so that the refusal still reaches the caller.
  const stream: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false })
  for await (const chunk of stream) {
    size += chunk.length
    if (size > MAX_REQUEST_BYTES) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function parseJsonObject(bytes: Buffer): Record<string, unknown> {
  if (bytes.length === 0) return {}
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(bytes))
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'it is not JSON' : 'it is not UTF-8'
    throw commonError('invalid_json', `the request body must be a JSON object: ${reason}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw commonError('invalid_json', 'the request body must be a JSON object, as in {"topic": "converge"}')
  }
  return value as Record<string, unknown> // An object that came from JSON has only string keys.
}
