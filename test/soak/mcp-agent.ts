import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { type Stage, think } from './caller.ts'

const MAIN = join(import.meta.dirname, '../../dist/main.js')

export type McpWay = 'HTTP' | 'stdio'

/** Works through MCP as agents do, with the SDK's own client; connects anew when something is in the way. */
export async function workOverMcp(stage: Stage, name: string, way: McpWay): Promise<void> {
  for (let connection = 1; !stage.leaving.aborted; connection += 1) {
    const startedAt = performance.now()
    const client = new Client({ name: 'soak', version: '1.0.0' }, { versionNegotiation: { mode: 'legacy' } })
    const transport = createTransport(stage, name, way)
    try {
      await client.connect(transport)
      await client.listTools()
      await act(stage, client, `${name}.${connection}`)
      // The others are left for the bus to end.
      const endsSession = transport instanceof StreamableHTTPClientTransport && stage.random.chance(0.5)
      if (endsSession) await transport.terminateSession()
    } catch (error) {
      const isExplained = stage.leaving.aborted || stage.disturbances.touch(startedAt, performance.now())
      if (!isExplained) {
        stage.alarms.raise('no answer', `${name}: ${error instanceof Error ? error.message : error}`)
      }
      await sleep(500)
    } finally {
      await client.close().catch(() => {})
    }
  }
}

function createTransport(stage: Stage, name: string, way: McpWay): Transport {
  if (way === 'HTTP') {
    const requestInit = { headers: { 'X-Bus-Agent': name } }
    return new StreamableHTTPClientTransport(new URL(`${stage.origin}/mcp`), { requestInit })
  }
  const env = { BUS_MCP_BASE_URL: `${stage.origin}/api/bus`, BUS_MCP_AGENT_ID: name }
  return new StdioClientTransport({ command: process.execPath, args: [MAIN], env, stderr: 'ignore' })
}

/** So many rounds, and then another connection: sessions must end, too. */
const ROUNDS = 40

async function act(stage: Stage, client: Client, author: string): Promise<void> {
  const call = async (tool: string, input: Record<string, unknown>) => {
    const { structuredContent, isError } = await client.callTool({ name: tool, arguments: input })
    return { isError: isError === true, fields: { ...Object(structuredContent) } }
  }
  for (let round = 0; round < ROUNDS && !stage.leaving.aborted; round += 1) {
    await think(stage)
    const lane = `mcp-${stage.random.below(6)}`
    const claimed = await call('claim_lane', { lane, lease_s: 10 })
    checkRefusal(stage, lane, claimed)
    await think(stage)
    const body = stage.messages.write(author)
    const posted = await call('post_message', { topic: 'mcp', body })
    if (!posted.isError && Number.isSafeInteger(posted.fields.id)) stage.messages.posted(posted.fields.id, body)
    await call('read_messages', { topic: 'mcp', limit: 5 })
    await call('get_bus_status', {})
    if (!claimed.isError) await call('release_lane', { lane })
  }
}

function checkRefusal(
  stage: Stage,
  lane: string,
  { isError, fields }: { readonly isError: boolean; readonly fields: Readonly<Record<string, unknown>> },
): void {
  if (!isError) return
  const text = JSON.stringify(fields)
  if (!text.includes('lane_held') && !text.includes('lane_queued')) return
  if (!text.includes(`"name":"${lane}"`))
    stage.alarms.raise('refusal', `claim_lane of ${lane} was refused without the lane`)
}
