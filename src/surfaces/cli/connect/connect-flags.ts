import { parseArgs } from 'node:util'
import { describeFlagError, type Flag, UsageError } from '../command.ts'
import { type Client, clients, type Scope } from './clients.ts'

export interface ParsedConnect {
  readonly client: Client
  readonly scope: Scope
  readonly name: string
  readonly isHttp: boolean
  readonly mayWrite: boolean
  /** What the client's agents are called. Not taken from the environment: that is the name of whoever types this. */
  readonly agentId: string | undefined
  /** Flags that say where the bus is. */
  readonly connection: Readonly<Record<string, string | undefined>>
}

export const connectFlags: readonly Flag[] = [
  { name: 'write', takes: undefined, description: 'Write it into that file, and keep a copy of the former one.' },
  { name: 'http', takes: undefined, description: 'Ask the bus at its /mcp, without a process for each agent.' },
  {
    name: 'scope',
    takes: 'project|user',
    description: 'For this folder, or for you everywhere. Standard: the first of the client.',
  },
  { name: 'name', takes: 'TEXT', description: 'What the client calls the server. Standard: bus.' },
  { name: 'agent-id', takes: 'TEXT', description: 'The name of the agents. Standard: each process has its own.' },
  { name: 'base-url', takes: 'TEXT', description: 'Where the bus is, as for every command.' },
]

export const clientNames: readonly string[] = Object.keys(clients)

/** @throws {UsageError} */
export function parseConnect(args: readonly string[]): ParsedConnect {
  const { values, positionals } = parse(args)
  const client = findClient(positionals)
  const { name = 'bus', scope, 'agent-id': agentId, 'base-url': baseUrl } = values
  // The names that all of them take.
  if (typeof name !== 'string' || !/^[A-Za-z][\w-]{0,63}$/.test(name)) {
    throw new UsageError('--name must be 1 to 64 of A-Z a-z 0-9 _ and -, and begin with a letter')
  }
  const isHttp = values.http === true
  return {
    client,
    scope: findScope(client, scope),
    name,
    isHttp,
    mayWrite: values.write === true,
    agentId: typeof agentId === 'string' && agentId !== '' ? checkAgentId(agentId, isHttp) : undefined,
    connection: typeof baseUrl === 'string' ? { 'base-url': baseUrl } : {},
  }
}

/** The help text. */
export function describeConnect(): string {
  const rows = Object.entries(clients).map(
    ([name, { title, files }]) => `  ${name.padEnd(8)}  ${title}, for ${files.map(([scope]) => scope).join(' or ')}`,
  )
  return [
    "Print a client's own configuration for this bus, or write it.",
    '',
    `  bus-mcp connect ${clientNames.join('|')} [FLAGS]`,
    '',
    ...rows,
    '',
    ...connectFlags.map(({ name, description }) => `  --${name.padEnd(8)}  ${description}`),
    '',
    'The secret is never written: the file refers to BUS_WRITE_SECRET where that is set here.',
  ].join('\n')
}

function parse(args: readonly string[]) {
  const options = connectFlags.map(
    ({ name, takes }) => [name, { type: takes === undefined ? ('boolean' as const) : ('string' as const) }] as const,
  )
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: Object.fromEntries(options) })
  } catch (error) {
    const known = connectFlags.map(({ name }) => name)
    throw new UsageError(describeFlagError(error, known))
  }
}

function findClient([name, ...others]: readonly string[]): Client {
  const client = name !== undefined && Object.hasOwn(clients, name) ? clients[name] : undefined
  if (!client || others.length > 0) {
    throw new UsageError(`name one client: ${clientNames.join(', ')}, as in: bus-mcp connect claude --write`)
  }
  return client
}

function findScope({ title, files }: Client, wanted: unknown): Scope {
  const scopes = files.map(([scope]) => scope)
  const scope = wanted === undefined ? scopes[0] : scopes.find((known) => known === wanted)
  if (scope === undefined) throw new UsageError(`--scope must be ${scopes.join(' or ')} for ${title}`)
  return scope
}

function checkAgentId(agentId: string, isHttp: boolean): string {
  if (agentId.includes('$')) throw new UsageError('--agent-id must be without $, which clients expand')
  if (isHttp && !/^[\x20-\x7e]+$/.test(agentId)) {
    throw new UsageError('--agent-id must be printable ASCII with --http, for it travels in an HTTP header')
  }
  return agentId
}
