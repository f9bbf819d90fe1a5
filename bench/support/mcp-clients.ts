import { Client, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { type BusProcess, MAIN } from './bus-process.ts'
import type { Workplace } from './servers.ts'

/** Connects as clients of 2025 do, which most are; closed with the workplace. */
export function connectStdio(workplace: Workplace, bus: BusProcess): Promise<Client> {
  const env = { BUS_MCP_BASE_URL: bus.apiUrl, BUS_MCP_AGENT_ID: 'bench' }
  return connect(workplace, new StdioClientTransport({ command: process.execPath, args: [MAIN], env }))
}

export function connectHttp(workplace: Workplace, bus: BusProcess): Promise<Client> {
  return connect(
    workplace,
    new StreamableHTTPClientTransport(new URL(bus.mcpUrl), { requestInit: { headers: { 'X-Bus-Agent': 'bench' } } }),
  )
}

async function connect(workplace: Workplace, transport: Transport): Promise<Client> {
  const client = new Client({ name: 'bench', version: '1.0.0' }, { versionNegotiation: { mode: 'legacy' } })
  await client.connect(transport)
  workplace.atEnd(() => client.close())
  // The client then checks every result by its tool's schema, as it does for a user.
  await client.listTools()
  return client
}
