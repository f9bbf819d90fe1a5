import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type CommonErrorCode, commonError } from '../../core/errors.ts'

/** Node's names for what it could not read; everything else is malformed. */
const CODES: Readonly<Record<string, CommonErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
}

/** Answers what never became a request, with the body that every error has, and ends the connection. */
export function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  // The caller has gone, or another answer is on its way already and must not be torn.
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy()
    return
  }
  const refusal = commonError(CODES[error.code ?? ''] ?? 'malformed_request')
  const body = JSON.stringify(refusal.toBody(randomUUID()))
  socket.end(
    [
      `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
