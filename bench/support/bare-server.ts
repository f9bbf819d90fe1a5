/** The least that an MCP server of six tools can be: the SDK, and schemas as its guide writes them. */
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import * as z from 'zod'

const input = z.strictObject({
  lane: z.string().min(1).max(128).describe('Lane name'),
  owner: z.string().optional().describe('Who holds it'),
  lease_s: z.number().positive().default(300).describe('Lease in seconds'),
  wait_s: z.number().min(0).max(55).default(0).describe('Wait for it'),
})

serveStdio(() => {
  const server = new McpServer({ name: 'bare', version: '1.0.0' }, { instructions: 'Six tools.' })
  for (const name of ['post', 'read', 'claim', 'release', 'heartbeat', 'status']) {
    server.registerTool(name, { title: name, description: `The tool ${name}.`, inputSchema: input }, (args) => ({
      content: [{ type: 'text', text: JSON.stringify(args) }],
    }))
  }
  return server
})
