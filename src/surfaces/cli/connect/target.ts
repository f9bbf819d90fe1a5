import { isAbsolute } from 'node:path'
import { API_BASE_PATH, STANDARD_BASE_URL, toSocketPath } from '../../../core/wire.ts'

/** What a client is to be told of the bus. */
export interface Target {
  /** Under which the client lists it. */
  readonly name: string
  /** The file that serves MCP on standard input and output. */
  readonly programPath: string
  readonly baseUrl: string
  /** Whether the client asks the bus itself, at `/mcp`, without a process for each agent. */
  readonly isHttp: boolean
  readonly agentId: string | undefined
  /** Whether writes need the secret. It is referred to and never written: such files are shared, copied and committed. */
  readonly hasSecret: boolean
}

type Texts = Readonly<Record<string, string>>

/** One server, as a client writes it down. */
export type Entry = Readonly<Record<string, string | readonly string[] | Texts>>

export const SECRET = 'BUS_WRITE_SECRET'

/** Beside the API, also where a proxy serves both below a path of its own. */
export function toMcpUrl({ baseUrl }: Target): string {
  const { origin, pathname } = new URL(baseUrl)
  const prefix = pathname.endsWith(API_BASE_PATH) ? pathname.slice(0, -API_BASE_PATH.length) : ''
  return `${origin}${prefix}/mcp`
}

/** The program by its file: npx would look its package up at every start of every agent. */
export const toProcess = ({ programPath }: Target) => ({ command: 'node', args: [programPath] })

/** @param secret How the client refers to the secret; undefined when it passes it on in another way. */
export function toEnvironment({ baseUrl, agentId, hasSecret }: Target, secret: string | undefined): Texts {
  return {
    ...(agentId === undefined ? {} : { BUS_MCP_AGENT_ID: agentId }),
    ...(baseUrl === STANDARD_BASE_URL ? {} : { BUS_MCP_BASE_URL: baseUrl }),
    ...(hasSecret && secret !== undefined ? { [SECRET]: secret } : {}),
  }
}

/** @param secret As for `toEnvironment`. */
export function toHeaders({ agentId, hasSecret }: Target, secret: string | undefined): Texts {
  return {
    ...(agentId === undefined ? {} : { 'X-Bus-Agent': agentId }),
    ...(hasSecret && secret !== undefined ? { 'X-Bus-Secret': secret } : {}),
  }
}

/** A field of an entry; none when there is nothing to say in it. */
export function field(name: string, texts: Texts): Entry {
  return Object.keys(texts).length === 0 ? {} : { [name]: texts }
}

/** Why the bus at this address cannot be written into a file; undefined when it can. */
export function findAddressProblem({ baseUrl, isHttp }: Pick<Target, 'baseUrl' | 'isHttp'>): string | undefined {
  const socketPath = toSocketPath(baseUrl)
  if (socketPath !== undefined) return findSocketProblem(socketPath, isHttp)
  if (!URL.canParse(baseUrl) || !/^https?:$/.test(new URL(baseUrl).protocol)) {
    return `the base URL must begin with http:// or https://, as in ${STANDARD_BASE_URL}`
  }
  const { username, password } = new URL(baseUrl)
  const hasPassword = username !== '' || password !== ''
  return hasPassword ? 'the base URL holds a password, which would be written into a file' : undefined
}

function findSocketProblem(path: string, isHttp: boolean): string | undefined {
  if (isHttp) return 'no client asks a bus on a socket by itself: leave --http out'
  return isAbsolute(path) ? undefined : `${path} must be an absolute path: each client starts in a folder of its own`
}
