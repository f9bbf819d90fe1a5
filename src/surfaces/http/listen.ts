import { once } from 'node:events'
import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import type { Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { commonError, startError } from '../../core/errors.ts'

/** Where a server is to listen. */
export interface Place {
  readonly host: string
  readonly port: number
  /** A Unix socket or a named pipe of Windows instead of a port; wins over both. */
  readonly listen?: string | undefined
}

/**
 * Listens, and says where: as in `http://127.0.0.1:8100`, `unix:/run/user/1000/bus.sock` or `pipe:bus-mcp`.
 *
 * @throws {AppError} `address_in_use`, `invalid_request`: one line for the person who started it.
 */
export async function listen(server: Server, place: Place): Promise<string> {
  const { host, port, listen: path } = place
  try {
    if (path !== undefined) return await listenOnSocket(server, path)
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    throw toListenError(error, path ?? `${host}:${port}`, path === undefined)
  }
  // A TCP server's address is never a pipe's name.
  return `http://${bracket(toReachable(host))}:${(server.address() as AddressInfo).port}`
}

/** An IPv6 address as URLs and Host headers write it. */
export function bracket(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** An address that a client on this machine can ask, also when the bus listens on all of them. */
function toReachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}

const IS_WINDOWS = process.platform === 'win32'

/** What only the user's own processes may do with a socket: connecting is writing. */
const OWN_USER_ONLY = 0o600

/** What the system's structure for an address holds, in bytes (sun_path of Linux and macOS); Node would cut the rest off. */
const MAX_PATH_BYTES = process.platform === 'darwin' ? 103 : 107

async function listenOnSocket(server: Server, path: string): Promise<string> {
  refuseUnfit(path)
  if (IS_WINDOWS) {
    server.listen(path)
    await once(server, 'listening')
    return toOrigin(path)
  }
  await removeLeftSocket(path)
  // The file is made with the mode that the mask leaves; to narrow it afterwards would leave it open for a moment.
  const mask = process.umask(0o777 & ~OWN_USER_ONLY)
  try {
    server.listen(path)
  } finally {
    process.umask(mask)
  }
  await once(server, 'listening')
  chmodSync(path, OWN_USER_ONLY)
  return toOrigin(path)
}

const PIPES = '\\\\.\\pipe\\'

/** As a client is told it: the reverse of `toSocketPath`. */
export function toOrigin(path: string): string {
  return path.startsWith(PIPES) ? `pipe:${path.slice(PIPES.length)}` : `unix:${path}`
}

function refuseUnfit(path: string): void {
  const isPipe = path.startsWith('\\\\')
  if (isPipe !== IS_WINDOWS) {
    const wanted = IS_WINDOWS ? 'pipe:NAME' : 'unix:PATH'
    throw commonError('invalid_request', `cannot listen on ${path}: this system has no such thing -- name ${wanted}`)
  }
  if (IS_WINDOWS || Buffer.byteLength(path) <= MAX_PATH_BYTES) return
  throw commonError(
    'invalid_request',
    `cannot listen on ${path}: it is longer than ${MAX_PATH_BYTES} bytes -- name a short path in a folder that is there`,
  )
}

/** A bus that was killed leaves its socket's file behind, and nobody can listen on it again before it is gone. */
async function removeLeftSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found) return
  if (!found.isSocket()) throw commonError('invalid_request', `${path} is there, and is no socket -- name another path`)
  if (!(await isAnswered(path))) unlinkSync(path)
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const end = (isThere: boolean) => {
      socket.destroy()
      resolve(isThere)
    }
    socket.on('connect', () => end(true))
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'))
  })
}

/** Hyper-V, WSL and Docker have it reserve whole ranges, and others after each start of the machine. */
const KEPT_BY_WINDOWS =
  'Windows keeps that port for itself ("netsh int ipv4 show excludedportrange protocol=tcp" lists them) -- start with --port 0, or another one'

/** What Node failed with, as one line for the person who started the bus; what is no matter of the place, as it is. */
export function toListenError(
  error: unknown,
  place: string,
  isPort: boolean,
  platform: NodeJS.Platform = process.platform,
): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  const advice = isPort ? 'see --host and --port' : 'name a short path in a folder that is there'
  const instead = isPort ? 'start with --port 0' : 'listen on another path'
  switch (code) {
    case 'EADDRINUSE':
      return startError(
        'address_in_use',
        `${place} is taken, perhaps by another bus -- use that one ("bus-mcp doctor" looks), or ${instead}`,
      )
    case 'EACCES':
    case 'EADDRNOTAVAIL':
    case 'EINVAL':
    case 'ENAMETOOLONG':
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENOTFOUND':
    case 'EPERM':
      return commonError(
        'invalid_request',
        `cannot listen on ${place}: ${isPort && platform === 'win32' && code === 'EACCES' ? KEPT_BY_WINDOWS : `${code} -- ${advice}`}`,
      )
    default:
      return error
  }
}
