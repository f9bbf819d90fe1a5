import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getMcpConfigForManifest, unpackExtension, v0_3, validateManifest } from '@anthropic-ai/mcpb'
import { describe, expect, it } from 'vitest'
import { buildManifest } from '../../scripts/generate/mcpb-manifest.ts'
import { operations } from '../../src/product.ts'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { connectProcess } from '../support/mcp.ts'
import { runScript } from '../support/script.ts'

/** Makes the bundle, and unpacks it as a client does that installs it. */
async function installBundle(): Promise<string> {
  const folder = createTempFolder()
  const file = join(folder, 'bus.mcpb')
  const { exitCode, stderr } = await runScript('mcpb.ts', [file])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  const installed = join(folder, 'installed')
  expect(await unpackExtension({ mcpbPath: file, outputDir: installed, silent: true })).toBe(true)
  return installed
}

/** The server as a client starts it, with what its user typed. */
async function configure(installed: string, userConfig: Record<string, string>) {
  const manifest = v0_3.McpbManifestSchema.parse(JSON.parse(readFileSync(join(installed, 'manifest.json'), 'utf8')))
  const options = { manifest, extensionPath: installed, systemDirs: {}, userConfig, pathSeparator: '/' }
  const { command = '', args = [], env = {} } = (await getMcpConfigForManifest(options)) ?? {}
  return { command, args, env }
}

describe('the MCP bundle', () => {
  it('holds the server alone, which starts from there and plays with a bus', async () => {
    const installed = await installBundle()
    expect(readdirSync(installed, { recursive: true }).sort()).toEqual([
      'LICENSE',
      'THIRD-PARTY-NOTICES.txt',
      'manifest.json',
      'server',
      join('server', 'main.mjs'),
    ])
    const bus = await startTestBus({ writeSecret: 'letmein' })
    const typed = { base_url: bus.apiUrl, agent_id: 'planner', write_secret: 'letmein' }
    const { client, call } = await connectProcess('legacy', await configure(installed, typed))
    const tools = (await client.listTools()).tools.map(({ name }) => name)
    expect(tools).toEqual(buildManifest().tools.map(({ name }) => name))
    expect((await call('claim_lane', { lane: 'feeds' })).fields).toMatchObject({ lane: { owner: 'planner' } })
  })

  it('starts as well when its user typed nothing', async () => {
    const server = await configure(await installBundle(), {})
    expect(server.env).toEqual({
      BUS_MCP_BASE_URL: 'http://127.0.0.1:8100/api/bus',
      BUS_MCP_AGENT_ID: '',
      BUS_WRITE_SECRET: '',
    })
    const { client } = await connectProcess('legacy', server)
    expect((await client.listTools()).tools).toHaveLength(
      operations.filter(({ tool }) => tool && tool.toolset === undefined).length,
    )
  })

  it('has a manifest that mcpb takes, asks for the secret in secret, and would be refused when it were broken', () => {
    const path = join(createTempFolder(), 'manifest.json')
    const manifest = buildManifest()
    writeFileSync(path, JSON.stringify(manifest))
    expect(validateManifest(path)).toBe(true)
    expect(manifest.user_config.write_secret).toMatchObject({ sensitive: true })
    writeFileSync(path, JSON.stringify({ ...manifest, author: undefined }))
    expect(validateManifest(path)).toBe(false)
  })
})
