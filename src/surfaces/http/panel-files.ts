import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { refuseMethod } from './routes.ts'
import type { Mount } from './server.ts'

/** What a page may load and who may show it: itself and nobody. Its style comes from a file, its script likewise. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

const FILES = [
  { path: '/', file: 'index.html', type: 'text/html; charset=utf-8' },
  { path: '/panel/main.js', file: 'main.js', type: 'text/javascript; charset=utf-8' },
  { path: '/panel/style.css', file: 'style.css', type: 'text/css; charset=utf-8' },
] as const

/** Beside the program as it is bundled, or from its sources. */
const FOLDERS = ['panel', '../../../dist/panel'].map((folder) => join(import.meta.dirname, folder))

/** The command-center page and its files, as they were built. The API that it uses is the public one. */
export function createPanelMounts(): Mount[] {
  const folder = FOLDERS.find((path) => existsSync(join(path, 'main.js')))
  return FILES.map(({ path, file, type }) => ({
    path,
    handle: folder === undefined ? sayNotBuilt : createFile(readFileSync(join(folder, file)), type),
  }))
}

function createFile(bytes: Buffer, type: string): Mount['handle'] {
  const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
  const zipped = gzipSync(bytes)
  return async (request, response) => {
    refuseWrites(request)
    const headers = { ...securityHeaders, 'content-type': type, 'cache-control': 'no-cache', vary: 'accept-encoding' }
    if (request.headers['if-none-match'] === tag) return send(response, 304, { ...headers, etag: tag })
    const takesZipped = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
    const body = takesZipped ? zipped : bytes
    const encoding = takesZipped ? { 'content-encoding': 'gzip' } : {}
    send(response, 200, { ...headers, ...encoding, etag: tag, 'content-length': body.length }, body)
  }
}

const sayNotBuilt: Mount['handle'] = async (request, response) => {
  refuseWrites(request)
  const headers = { ...securityHeaders, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }
  send(
    response,
    404,
    headers,
    Buffer.from('The panel is not built. "npm run build" builds it; the API is at /api/bus.\n'),
  )
}

const securityHeaders = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

function refuseWrites({ method }: IncomingMessage): void {
  if (method !== 'GET' && method !== 'HEAD') throw refuseMethod(method ?? '', ['GET'])
}

/** Node leaves a body out by itself where there may be none. */
function send(response: ServerResponse, status: number, headers: Record<string, string | number>, body?: Buffer): void {
  response.writeHead(status, headers)
  response.end(body)
}
