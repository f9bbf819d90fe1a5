import { Readable } from 'node:stream'
import { Client, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { expect, onTestFinished } from 'vitest'
import { collect, MAIN } from './process.ts'

/** `legacy`: the revisions of 2025, which begin with `initialize`. `modern`: 2026-07-28, which knows no sessions. */
export type Era = 'legacy' | 'modern'

export type Fields = Readonly<Record<string, unknown>>

export interface ToolAnswer {
  readonly isError: boolean
  /** The structured content. */
  readonly fields: Fields
  /** Its `error`; empty when the call succeeded. */
  readonly error: Fields
}

export interface ToolClient {
  readonly client: Client
  /**
   * Calls a tool, and asserts what holds for every answer. The SDK's client validates it against the tool's output schema,
   * once the tools were listed, which `connect` does.
   */
  call(tool: string, args?: Record<string, unknown>): Promise<ToolAnswer>
}

export interface StdioToolClient extends ToolClient {
  /** What the server's process wrote to standard error so far. */
  stderr(): string
  readonly pid: number | null
}

export interface Connection {
  readonly bus: { readonly apiUrl: string; readonly mcpUrl: string }
  readonly agentId?: string
  readonly writeSecret?: string
}

/** Every way that an MCP client reaches the tools: both eras of the protocol, over both transports. */
export const mcpWays: readonly {
  readonly transport: 'stdio' | 'HTTP'
  readonly era: Era
  readonly connect: (connection: Connection) => Promise<ToolClient>
}[] = (['legacy', 'modern'] as const).flatMap((era) => [
  { transport: 'stdio', era, connect: (connection) => connectStdio(era, toEnvironment(connection)) },
  { transport: 'HTTP', era, connect: (connection) => connectHttp(era, connection.bus.mcpUrl, toHeaders(connection)) },
])

/** Starts the built MCP server as a process of its own and connects to it; both end after the test. */
export function connectStdio(era: Era, env: Record<string, string>): Promise<StdioToolClient> {
  return connectProcess(era, { command: process.execPath, args: [MAIN], env })
}

/** Starts an MCP server as its configuration says. */
export async function connectProcess(
  era: Era,
  server: { readonly command: string; readonly args: string[]; readonly env: Record<string, string> },
): Promise<StdioToolClient> {
  const transport = new StdioClientTransport({ ...server, stderr: 'pipe' })
  const { stderr } = transport
  if (!(stderr instanceof Readable)) throw new Error('the standard error of the server is not piped')
  const written = collect(stderr)
  return { ...(await connect(era, transport)), stderr: written, pid: transport.pid }
}

/** Connects to the tools that a bus serves itself. */
export function connectHttp(era: Era, mcpUrl: string, headers: Record<string, string> = {}): Promise<ToolClient> {
  return connect(era, new StreamableHTTPClientTransport(new URL(mcpUrl), { requestInit: { headers } }))
}

async function connect(era: Era, transport: Transport): Promise<ToolClient> {
  const mode = era === 'modern' ? { pin: '2026-07-28' } : 'legacy'
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } })
  onTestFinished(() => client.close())
  await client.connect(transport)
  await client.listTools()
  return { client, call: (tool, args = {}) => callTool(client, tool, args) }
}

async function callTool(client: Client, name: string, args: Record<string, unknown>): Promise<ToolAnswer> {
  const { content, structuredContent, isError = false } = await client.callTool({ name, arguments: args })
  const fields = toFields(structuredContent)
  // Some clients show their model the text, others the structured content.
  expect(content).toEqual([{ type: 'text', text: expect.any(String) }])
  const [block] = content
  expect(JSON.parse(block?.type === 'text' ? block.text : '')).toEqual(fields)
  expect(fields.ok).toBe(!isError)
  const error = isError ? toFields(fields.error) : {}
  if (isError) expect(error).toMatchObject({ tool: name, type: expect.any(String), message: expect.any(String) })
  return { isError, fields, error }
}

/** What is expected to be an object, as one. */
export function toFields(value: unknown): Fields {
  expect(value).toBeTypeOf('object')
  return { ...Object(value) }
}

function toEnvironment({ bus, agentId, writeSecret }: Connection): Record<string, string> {
  return {
    BUS_MCP_BASE_URL: bus.apiUrl,
    ...(agentId === undefined ? {} : { BUS_MCP_AGENT_ID: agentId }),
    ...(writeSecret === undefined ? {} : { BUS_WRITE_SECRET: writeSecret }),
  }
}

function toHeaders({ agentId, writeSecret }: Connection): Record<string, string> {
  return {
    ...(agentId === undefined ? {} : { 'X-Bus-Agent': agentId }),
    ...(writeSecret === undefined ? {} : { 'X-Bus-Secret': writeSecret }),
  }
}
