import type { ServerResponse } from 'node:http'
import type { AppError } from '../../core/errors.ts'

/** @param text JSON. */
export function sendJson(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(text)
}

/** Answers with an error's body, and with the headers that go with it. */
export function sendError(response: ServerResponse, error: AppError, requestId: string): void {
  const { allow, retry_after_ms } = error.details
  if (Array.isArray(allow)) response.setHeader('allow', allow.join(', '))
  if (typeof retry_after_ms === 'number') response.setHeader('retry-after', Math.ceil(retry_after_ms / 1000))
  sendJson(response, error.status, JSON.stringify(error.toBody(requestId)))
}
