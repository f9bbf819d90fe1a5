import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { MAX_DEPTH, nestsDeeper } from '../../core/depth.ts'
import { commonError } from '../../core/errors.ts'
import { findJsonExcess } from '../../core/json-excess.ts'
import type { TextReader } from '../../core/text-reader.ts'
import { MAX_REQUEST_BYTES } from '../../core/wire.ts'

/**
 * The flat input of an operation; the path wins. Unknown fields stay unread.
 *
 * @param fields The body of a write, the query of a read. As in the first bus, a write reads no query.
 */
export function collectInput(
  readers: Readonly<Record<string, TextReader>>,
  fields: Readonly<Record<string, unknown>> | URLSearchParams,
  params: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const isQuery = fields instanceof URLSearchParams
  const input: Record<string, unknown> = isQuery ? {} : { ...fields }
  for (const [name, text] of [...(isQuery ? fields : []), ...Object.entries(params)]) {
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
export async function readJsonBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  // A web page cannot send this type without asking first (a preflight), which nobody answers.
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw commonError('json_required')
  return parseJsonObject(await readBody(request))
}

/** By events: an iterator over the request costs as much as all the rest of reading it. */
function readBody(request: IncomingMessage): Promise<Buffer> {
  const tooLarge = () => commonError('body_too_large', `the request body is larger than ${MAX_REQUEST_BYTES} bytes`)
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > MAX_REQUEST_BYTES) return reject(tooLarge())
    const chunks: Buffer[] = []
    let size = 0
    const onData = (chunk: Buffer) => {
      size += chunk.length
      chunks.push(chunk)
      if (size <= MAX_REQUEST_BYTES) return
      // Left open, so that the refusal still reaches the caller.
      request.off('data', onData)
      reject(tooLarge())
    }
    const onClose = () => reject(new Error('the caller went away before its request was whole'))
    request.on('data', onData)
    request.on('end', () => {
      // Every request closes at last, and an error is dear to make.
      request.off('close', onClose)
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks))
    })
    request.on('error', reject)
    request.on('close', onClose)
  })
}

/** What some programs on Windows begin a text with. */
const BYTE_ORDER_MARK = /^\uFEFF/

function parseJsonObject(bytes: Buffer): Record<string, unknown> {
  if (bytes.length === 0) return {}
  if (!isUtf8(bytes)) throw commonError('invalid_json', 'the request body must be a JSON object: it is not UTF-8')
  const excess = findJsonExcess(bytes)
  if (excess !== undefined) throw commonError('invalid_json', `the request body must be a JSON object: it ${excess}`)
  let value: unknown
  try {
    value = JSON.parse(bytes.toString().replace(BYTE_ORDER_MARK, ''))
  } catch {
    throw commonError('invalid_json', 'the request body must be a JSON object: it is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw commonError('invalid_json', 'the request body must be a JSON object, as in {"topic": "converge"}')
  }
  if (nestsDeeper(value)) {
    throw commonError('invalid_json', `the request body must be a JSON object: it nests more than ${MAX_DEPTH} deep`)
  }
  return value as Record<string, unknown> // An object that came from JSON has only string keys.
}
